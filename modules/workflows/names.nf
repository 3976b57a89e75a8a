// Names of traits and cohorts as file names: the only place where one becomes the other. Tables keep the true name

// A name that any file system and any shell takes. One that has to change gets a mark of its own, so that two names never share a file
def fileName(name) {
    def text = name.toString()
    def safe = text.replaceAll(/[^A-Za-z0-9_.+-]/, '_').replaceAll(/^[.-]/, '_').take(100)
    return safe == text ? text : "${safe}-${text.md5().take(8)}"
}

// Names of the traits in a phenotype table: its header without the columns that name samples, read as `encode genotypes` reads it
def traitNames(phenotypes, List<String> chosen) {
    if (chosen) {
        return chosen
    }
    def stream = phenotypes.newInputStream()
    def text = phenotypes.name.endsWith('.gz') ? new java.util.zip.GZIPInputStream(stream) : stream
    def header = text.withReader('UTF-8') { reader -> reader.readLine() }.replace('\uFEFF', '')
    def columns = header.split(header.contains('\t') ? '\t' : /\s+/).toList()
    def keys = columns.take(2).collect { name -> name.replaceFirst(/^#/, '').toUpperCase() }
    return columns.drop(keys == ['FID', 'IID'] ? 2 : 1)
}
