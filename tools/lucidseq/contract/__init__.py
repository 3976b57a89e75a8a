"""The contract: Nextflow modules, schema, Galaxy macros, stubs and reference pages are generated from the commands' declarations."""
