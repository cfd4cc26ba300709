import Foundation

/// Which pictures of a folder are for calibration and which for evaluation, when one folder has to serve for both.
///
/// The name alone decides, so that the split is the same for every seed, number of pictures and machine, and figures of
/// different runs can be compared.
package enum HeldOutPictures {
  /// True for pictures that are evaluated and never calibrated on: about half of them.
  ///
  /// - Parameter name: the file's name, without folders.
  package static func contains(_ name: String) -> Bool { hash(name) % 2 == 1 }

  /// A dataset with those of its pictures that are evaluated.
  package static func of(_ dataset: COCODataset) -> COCODataset {
    COCODataset(
      pictures: dataset.pictures.filter { contains(URL(fileURLWithPath: $0.fileName).lastPathComponent) },
      categories: dataset.categories, annotations: dataset.annotations)
  }

  /// FNV-1a of 64 bits, its halves folded together: its lowest bit alone is no more than the parity of the text's.
  private static func hash(_ text: String) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return (hash ^ hash >> 32) >> 7
  }
}
