// From sequences to a network, its evaluation and its explanation

include { ATTRIBUTE_MAPS   } from '../attribute/maps/main'
include { ENCODE_SEQUENCES } from '../encode/sequences/main'
include { TRAIN_EVALUATE   } from '../train/evaluate/main'
include { TRAIN_FIT        } from '../train/fit/main'
include { TRAIN_PREDICT    } from '../train/predict/main'

workflow REGULATORY {

    take:
    fasta // value channel: FASTA of the genome or of the sequences, or []
    regions // value channel: BED, or []
    signal // value channel: list of bigWig files
    positive // value channel: FASTA of the positive class, or []
    negative // value channel: FASTA of the negative class, or []
    shards // integer: pieces that attribution is cut into

    main:
    ENCODE_SEQUENCES(
        fasta
            .map { file -> [file] }
            .combine(regions.map { file -> [file] })
            .combine(signal.map { files -> [files] })
            .combine(positive.map { file -> [file] })
            .combine(negative.map { file -> [file] })
            .map { genome, bed, tracks, plus, minus -> [[id: 'sequences'], genome, bed, [], [], tracks, plus, minus, [], [], [], [], []] }
    )
    TRAIN_FIT(ENCODE_SEQUENCES.out.dataset.map { _meta, dataset -> [[id: 'model'], dataset] })
    ch_model_data = TRAIN_FIT.out.model.combine(ENCODE_SEQUENCES.out.dataset.map { _meta, dataset -> dataset })
    TRAIN_PREDICT(ch_model_data)
    TRAIN_EVALUATE(TRAIN_PREDICT.out.predictions)
    ATTRIBUTE_MAPS(
        ch_model_data
            .combine(channel.fromList((1..shards).collect { index -> "${index}/${shards}" }))
            .map { meta, model, dataset, piece ->
                def part = shards > 1 ? [id: "${meta.id}.part${piece.replace('/', 'of')}", shard: piece] : [:]
                [meta + part, model, dataset]
            }
    )

    model = TRAIN_FIT.out.model
    results = ENCODE_SEQUENCES.out.card
        .mix(ENCODE_SEQUENCES.out.manifest)
        .mix(TRAIN_FIT.out.history, TRAIN_FIT.out.card, TRAIN_FIT.out.manifest)
        .mix(TRAIN_PREDICT.out.card, TRAIN_PREDICT.out.manifest)
        .mix(TRAIN_EVALUATE.out.metrics, TRAIN_EVALUATE.out.curves)
        .mix(TRAIN_EVALUATE.out.card, TRAIN_EVALUATE.out.manifest)
        .mix(ATTRIBUTE_MAPS.out.attributions, ATTRIBUTE_MAPS.out.card, ATTRIBUTE_MAPS.out.manifest)
        .map { _meta, file -> file }

    emit:
    model
    results
}
