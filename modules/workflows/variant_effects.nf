// From a network and variants to functional scores

include { EFFECTS_VARIANTS } from '../effects/variants/main'

workflow VARIANT_EFFECTS {

    take:
    model // channel: [ meta, model ]
    variants // value channel: list of VCF files
    fasta // value channel: FASTA
    loci // value channel: BED; variants outside are not scored
    shards // integer: pieces the variants are cut into

    main:
    EFFECTS_VARIANTS(
        model
            .combine(variants.map { files -> [files] })
            .combine(fasta)
            .combine(loci)
            .combine(channel.fromList((1..shards).collect { index -> "${index}/${shards}" }))
            .map { meta, network, files, genome, bed, piece ->
                def part = shards > 1 ? [id: "${meta.id}.part${piece.replace('/', 'of')}", shard: piece] : [:]
                [meta + part, network, files, genome, bed]
            }
    )
    scores = EFFECTS_VARIANTS.out.effects
        .map { _meta, effects -> effects }
        .collect()
        .map { files -> files.sort { file -> file.name } }

    results = EFFECTS_VARIANTS.out.effects
        .mix(EFFECTS_VARIANTS.out.card, EFFECTS_VARIANTS.out.manifest)
        .map { _meta, file -> file }

    emit:
    scores
    results
}
