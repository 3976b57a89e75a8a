#!/usr/bin/env nextflow

// lucidseq: entry point. Parameters are read here alone; the workflows take channels.

include { ASSOCIATION     } from './modules/workflows/association'
include { REGULATORY      } from './modules/workflows/regulatory'
include { VARIANT_EFFECTS } from './modules/workflows/variant_effects'
include { CHECK_PIPELINE  } from './modules/check/pipeline/main'
include { REPORT_BUILD    } from './modules/report/build/main'
include { SIMULATE_LOCUS  } from './modules/simulate/locus/main'

// The files of a genotype file: a PLINK fileset is three, and BGEN may have a .sample; the commands find the others beside the first
def genotypePaths(String name) {
    def stem = name.replaceAll(/\.[^.]*$/, '')
    def companions = [bed: ['bim', 'fam'], pgen: ['pvar', 'psam']].find { suffix, _others -> name.endsWith(".${suffix}") }?.value ?: []
    def sample = name.endsWith('.bgen') && file("${stem}.sample", glob: false).exists() ? ["${stem}.sample"] : []
    return [name] + companions.collect { suffix -> "${stem}.${suffix}" } + sample
}

// File and line that hold a text
def placeOf(String text, sheet) {
    return "${sheet.name}, line ${sheet.readLines().findIndexOf { line -> line.contains(text) } + 1}".toString()
}

// Paths of a parameter that names files, comma separated
def pathsOf(value) {
    return value ? value.toString().tokenize(',').collect { path -> path.trim() } : []
}

// What is missing of all files that the run is given, each with the place that names it; null when nothing is
def missingFiles(samplesheet, Map<String, Object> given, String input) {
    def named = given.collectMany { parameter, value -> pathsOf(value).collect { path -> ["--${parameter}".toString(), path] } }
    if (input) {
        def sheet = file(input, glob: false)
        named = named + samplesheet.splitCsv(header: true, quote: '"').collectMany { row ->
            def paths = genotypePaths(row.genotypes).collect { path -> [placeOf(row.genotypes, sheet), path] }
            paths + [row.phenotypes, row.covariates].findAll { path -> path }.collect { path -> [placeOf(path, sheet), path] }
        }
    }
    def missing = named.unique().findAll { _place, path -> !file(path, glob: false).exists() }
    if (!missing) {
        return null
    }
    def lines = missing.collect { place, path -> "  - ${place}: ${path}" }
    return "received: paths that do not exist\n${lines.join('\n')}\nexpected: files\nfix: correct the paths named above"
}

// Rows of the checked sample sheet -> one item a cohort: meta, genotype files, phenotypes, covariates
def readCohorts(samplesheet) {
    return samplesheet.splitCsv(header: true, quote: '"').groupBy { row -> row.cohort }.collect { cohort, rows ->
        def first = rows[0]
        [
            [id: cohort],
            rows.collectMany { row -> genotypePaths(row.genotypes) }.collect { path -> file(path, glob: false) },
            file(first.phenotypes, glob: false),
            first.covariates ? file(first.covariates, glob: false) : [],
        ]
    }
}

// A parameter that names files, comma separated -> the files; [] when it is not set
def namedFiles(value) {
    return pathsOf(value).collect { path -> file(path, glob: false) }
}

// The same for one file
def namedFile(value) {
    return value ? file(value, glob: false) : []
}

// Every parameter with its meaning and default, by group
def helpText() {
    def groups = new groovy.json.JsonSlurper().parse(file("${projectDir}/nextflow_schema.json").toFile())['$defs'].values()
    def lines = groups.collectMany { group ->
        ['', group.title + ':'] + group.properties.collect { name, rule ->
            "  --${name.padRight(44)} ${rule.description}${rule.default == null ? '' : " [${rule.default}]"}"
        }
    }
    return (['usage: nextflow run . --workflow NAME [--PARAMETER VALUE ...]'] + lines).join('\n')
}

workflow {

    main:
    if (params.help) {
        println(helpText())
        System.exit(0)
    }
    if (params.input && !file(params.input, glob: false).exists()) {
        error("received: --input ${params.input}, which does not exist\nexpected: a sample sheet (CSV)\nfix: correct the path")
    }
    ch_parameters = channel
        .of(groovy.json.JsonOutput.prettyPrint(groovy.json.JsonOutput.toJson(params)))
        .collectFile(name: 'parameters.json')
    CHECK_PIPELINE(
        ch_parameters.map { parameters ->
            [[id: 'checked'], parameters, file("${projectDir}/nextflow_schema.json"), namedFile(params.input)]
        }
    )
    // Everything below starts from here, so that nothing runs on parameters that are wrong
    given = ['fasta', 'gtf', 'gene_sets', 'loci', 'regions', 'signal', 'positive', 'negative', 'variants'].collectEntries { name -> [name, params[name]] }
    ch_checked = CHECK_PIPELINE.out.samplesheet
        .map { _meta, samplesheet ->
            def missing = missingFiles(samplesheet, given, params.input)
            if (missing) {
                error(missing)
            }
            samplesheet
        }
        .first()

    ch_results = CHECK_PIPELINE.out.card.mix(CHECK_PIPELINE.out.manifest).map { _meta, result -> result }
    ch_truth = channel.value([[], []])

    if (params.simulate) {
        SIMULATE_LOCUS(ch_checked.map { _samplesheet -> [id: 'simulated'] })
        ch_results = ch_results.mix(
            SIMULATE_LOCUS.out.card.mix(SIMULATE_LOCUS.out.manifest).map { _meta, result -> result }
        )
        ch_cohorts = SIMULATE_LOCUS.out.variants
            .join(SIMULATE_LOCUS.out.phenotypes)
            .map { meta, variants, phenotypes -> [meta, [variants], phenotypes, []] }
        ch_variants = SIMULATE_LOCUS.out.variants.map { _meta, variants -> [variants] }
        ch_fasta = SIMULATE_LOCUS.out.fasta.map { _meta, fasta -> fasta }
        ch_gtf = SIMULATE_LOCUS.out.gtf.map { _meta, gtf -> gtf }
        ch_gene_sets = SIMULATE_LOCUS.out.gene_sets.map { _meta, gene_sets -> gene_sets }
        ch_loci = SIMULATE_LOCUS.out.loci.map { _meta, loci -> loci }
        ch_regions = SIMULATE_LOCUS.out.peaks.map { _meta, peaks -> peaks }
        ch_signal = SIMULATE_LOCUS.out.signal.map { _meta, signal -> [signal] }
        ch_truth = SIMULATE_LOCUS.out.truth_variants
            .join(SIMULATE_LOCUS.out.truth)
            .map { _meta, variants, truth -> [variants, truth] }
            .first()
    }
    else {
        ch_cohorts = ch_checked.flatMap { samplesheet -> readCohorts(samplesheet) }
        ch_variants = params.variants
            ? ch_checked.map { _samplesheet -> namedFiles(params.variants) }
            : ch_cohorts.map { _meta, genotypes, _phenotypes, _covariates -> genotypes }.first()
        ch_fasta = ch_checked.map { _samplesheet -> namedFile(params.fasta) }
        ch_gtf = ch_checked.map { _samplesheet -> namedFile(params.gtf) }
        ch_gene_sets = ch_checked.map { _samplesheet -> namedFile(params.gene_sets) }
        ch_loci = ch_checked.map { _samplesheet -> namedFile(params.loci) }
        ch_regions = ch_checked.map { _samplesheet -> namedFile(params.regions) }
        ch_signal = ch_checked.map { _samplesheet -> namedFiles(params.signal) }
    }
    ch_positive = ch_checked.map { _samplesheet -> namedFile(params.positive) }
    ch_negative = ch_checked.map { _samplesheet -> namedFile(params.negative) }
    traits = params.traits ? params.traits.toString().tokenize(',') : []
    finemap = [data: params.finemap_data, shards: params.finemap_shards as int]
    shards = [attribution: params.attribution_shards as int, effects: params.effects_shards as int]

    // discovery is the whole chain; the others are its two halves
    ch_scores = channel.value([])
    if (params.workflow in ['regulatory', 'discovery']) {
        REGULATORY(ch_fasta, ch_regions, ch_signal, ch_positive, ch_negative, shards.attribution)
        ch_results = ch_results.mix(REGULATORY.out.results)
    }
    if (params.workflow == 'discovery') {
        VARIANT_EFFECTS(REGULATORY.out.model, ch_variants, ch_fasta, ch_loci, shards.effects)
        ch_scores = VARIANT_EFFECTS.out.scores
        ch_results = ch_results.mix(VARIANT_EFFECTS.out.results)
    }
    if (params.workflow in ['association', 'discovery']) {
        ASSOCIATION(ch_cohorts, traits, ch_loci, ch_gtf, ch_gene_sets, ch_scores, finemap)
        ch_results = ch_results.mix(ASSOCIATION.out.results)
    }

    // Not an input of the report: the topic stays open until the last process that writes to it has ended
    channel
        .topic('versions')
        .map { process, name, version -> "${process.tokenize(':').last()}\t${name}\t${version.trim()}" }
        .unique()
        .collectFile(name: 'software_versions.tsv', storeDir: "${params.outdir}/pipeline_info", newLine: true, sort: true)

    REPORT_BUILD(
        ch_results
            .collect(flat: false)
            .map { results -> [results.flatten().sort { file -> file.name }] }
            .combine(ch_truth.map { truth -> [truth] })
            .combine(ch_gtf.map { gtf -> [gtf] })
            .combine(ch_fasta.map { fasta -> [fasta] })
            .map { results, truth, gtf, fasta -> [[id: params.workflow], results, truth[0], truth[1], gtf, fasta] }
    )
}
