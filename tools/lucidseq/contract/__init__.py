"""One contract, three faces: the commands' signatures become Nextflow modules, schema, Galaxy macros and reference pages."""
