// From genotypes and traits to credible sets, genes and gene sets

include { ENCODE_GENOTYPES } from '../encode/genotypes/main'
include { ENCODE_LD        } from '../encode/ld/main'
include { ENCODE_SUMSTATS  } from '../encode/sumstats/main'
include { ENRICH_GENES     } from '../enrich/genes/main'
include { ENRICH_PATHWAYS  } from '../enrich/pathways/main'
include { FINEMAP_LOCUS    } from '../finemap/locus/main'
include { fileName         } from './names'
include { traitNames       } from './names'

workflow ASSOCIATION {

    take:
    cohorts // channel: [ meta, genotype files, phenotypes, covariates or [] ]
    traits // list: names of traits; empty for all
    loci // value channel: BED
    gtf // value channel: GTF
    gene_sets // value channel: GMT
    scores // value channel: list of score files; empty for a flat prior
    finemap // map: data ('summary' or 'individual'), shards

    main:
    ENCODE_GENOTYPES(
        cohorts.map { meta, genotypes, phenotypes, covariates -> [meta, genotypes, phenotypes, covariates, [], [], [], []] }
    )
    // One item a cohort and trait; meta.trait becomes --trait
    ch_traits = ENCODE_GENOTYPES.out.genotypes
        .join(cohorts.map { meta, _genotypes, phenotypes, _covariates -> [meta, phenotypes] })
        .flatMap { meta, genotypes, phenotypes ->
            traitNames(phenotypes, traits).collect { trait -> [meta + [id: "${meta.id}.${fileName(trait)}", trait: trait], genotypes] }
        }
    ENCODE_SUMSTATS(ch_traits.map { meta, genotypes -> [meta, genotypes, [], [], [], []] })
    ENCODE_LD(ch_traits.combine(loci).map { meta, genotypes, bed -> [meta, genotypes, bed, [], [], []] })

    // Fine mapping works on either kind of data; the pieces of a trait differ in meta.shard and in meta.id
    ch_pieces = channel.fromList((1..finemap.shards).collect { index -> "${index}/${finemap.shards}" })
    ch_data = finemap.data == 'individual'
        ? ch_traits.combine(loci).map { meta, genotypes, bed -> [meta, [], [], genotypes, bed] }
        : ENCODE_SUMSTATS.out.sumstats.join(ENCODE_LD.out.ld).map { meta, sumstats, ld -> [meta, sumstats, ld, [], []] }
    FINEMAP_LOCUS(
        ch_data.combine(ch_pieces).combine(scores.map { files -> [files] }).map { meta, sumstats, ld, genotypes, bed, piece, files ->
            def own = finemap.data == 'individual' ? [trait: meta.trait] : [:]
            def part = finemap.shards > 1 ? [shard: piece] : [:]
            def id = finemap.shards > 1 ? "${meta.id}.part${piece.replace('/', 'of')}" : meta.id
            [[id: id, whole: meta.id] + own + part, sumstats, ld, genotypes, bed, files, []]
        }
    )

    ch_pips = FINEMAP_LOCUS.out.pips
        .map { meta, pips -> [meta.whole, pips] }
        .groupTuple(size: finemap.shards)
        .map { id, pips -> [id, pips.sort { file -> file.name }] }
    ENRICH_GENES(
        ENCODE_SUMSTATS.out.sumstats
            .join(ENCODE_LD.out.ld)
            .map { meta, sumstats, ld -> [meta.id, sumstats, ld] }
            .join(ch_pips)
            .combine(gtf)
            .map { id, sumstats, ld, pips, genes -> [[id: id], sumstats, ld, genes, pips] }
    )
    ENRICH_PATHWAYS(
        ENRICH_GENES.out.genes.join(ENRICH_GENES.out.correlations).combine(gene_sets).map { meta, genes, correlations, sets ->
            [meta, genes, correlations, sets]
        }
    )

    results = ENCODE_GENOTYPES.out.card
        .mix(ENCODE_GENOTYPES.out.manifest, ENCODE_GENOTYPES.out.qc)
        .mix(ENCODE_SUMSTATS.out.sumstats, ENCODE_SUMSTATS.out.card, ENCODE_SUMSTATS.out.manifest)
        .mix(ENCODE_LD.out.ld, ENCODE_LD.out.card, ENCODE_LD.out.manifest)
        .mix(FINEMAP_LOCUS.out.pips, FINEMAP_LOCUS.out.sets, FINEMAP_LOCUS.out.loci)
        .mix(FINEMAP_LOCUS.out.card, FINEMAP_LOCUS.out.manifest)
        .mix(ENRICH_GENES.out.genes, ENRICH_GENES.out.card, ENRICH_GENES.out.manifest)
        .mix(ENRICH_PATHWAYS.out.pathways, ENRICH_PATHWAYS.out.card, ENRICH_PATHWAYS.out.manifest)
        .map { _meta, file -> file }

    emit:
    results
}
