import ArgumentParser

/// A size of files: a number of bytes, or with `kB`, `MB`, `GB` (powers of 1000) or `KiB`, `MiB`, `GiB` behind it.
struct ByteLimit: ExpressibleByArgument {
  let bytes: Int

  init?(argument: String) {
    let units: [(String, Double)] = [
      ("kib", 1024), ("mib", 1_048_576), ("gib", 1_073_741_824), ("kb", 1e3), ("mb", 1e6), ("gb", 1e9), ("b", 1),
      ("", 1),
    ]
    let text = argument.lowercased().filter { $0 != " " }
    for (unit, factor) in units where text.hasSuffix(unit) {
      guard let number = Double(text.dropLast(unit.count)), number.isFinite else { continue }
      guard number * factor >= 1, number * factor < 1e15 else { return nil }
      bytes = Int(number * factor)
      return
    }
    return nil
  }
}
