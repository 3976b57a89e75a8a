// The whole chain: a network of regulatory sequence scores variants, and the scores guide fine mapping

include { EFFECTS_VARIANTS } from '../effects/variants/main'
include { ASSOCIATION      } from './association'
include { REGULATORY       } from './regulatory'

workflow DISCOVERY {

    take:
    cohorts // channel: [ meta, genotype files, phenotypes, covariates or [] ]
    traits // list: names of traits; empty for all
    loci // value channel: BED
    gtf // value channel: GTF
    gene_sets // value channel: GMT
    finemap // map: data ('summary' or 'individual'), shards
    fasta // value channel: FASTA
    regions // value channel: BED
    signal // value channel: list of bigWig files
    variants // value channel: list of VCF files
    shards // map: attribution, effects

    main:
    REGULATORY(fasta, regions, signal, channel.value([]), channel.value([]), shards.attribution)
    EFFECTS_VARIANTS(
        REGULATORY.out.model
            .combine(variants.map { files -> [files] })
            .combine(fasta)
            .combine(loci)
            .combine(channel.fromList((1..shards.effects).collect { index -> "${index}/${shards.effects}" }))
            .map { meta, model, files, genome, bed, piece ->
                def part = shards.effects > 1 ? [id: "${meta.id}.part${piece.replace('/', 'of')}", shard: piece] : [:]
                [meta + part, model, files, genome, bed]
            }
    )
    ch_scores = EFFECTS_VARIANTS.out.effects
        .map { _meta, effects -> effects }
        .collect()
        .map { files -> files.sort { file -> file.name } }
    ASSOCIATION(cohorts, traits, loci, gtf, gene_sets, ch_scores, finemap)

    emit:
    results = REGULATORY.out.results.mix(
        EFFECTS_VARIANTS.out.effects.mix(EFFECTS_VARIANTS.out.card, EFFECTS_VARIANTS.out.manifest).map { _meta, file -> file },
        ASSOCIATION.out.results,
    )
}
