import EdgepipeCore
import Foundation
import Stages

/// What is detected in: files, folders and cameras, each a stream with a name of its own.
package struct DetectInputs: Sendable, Hashable {
  package struct Input: Sendable, Hashable {
    package let id: String
    package let url: String
    /// Single pictures, which have no motion.
    package let isPictures: Bool
  }

  package let all: [Input]

  package var pictures: [Input] { all.filter(\.isPictures) }
  package var videos: [Input] { all.filter { !$0.isPictures } }

  package init(_ urls: [String]) {
    var taken: Set<String> = []
    all = urls.map { url in
      Input(id: Self.unused(Self.name(of: url), &taken), url: url, isPictures: FFmpegSource.readsPictures(url))
    }
  }

  /// Characters of a stream's id.
  private static let longest = 32

  /// The file's name without its ending, or the host of an address, of letters, digits, `-` and `_`.
  static func name(of url: String) -> String {
    var text = url
    if let scheme = url.range(of: "://"), url[..<scheme.lowerBound] != "file" {
      // Without user and password.
      let rest = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" }
      text = String(rest.split(separator: "@", omittingEmptySubsequences: false).last ?? rest)
    } else {
      while text.count > 1, text.hasSuffix("/") { text.removeLast() }
      text = (text as NSString).lastPathComponent
      text = (text as NSString).deletingPathExtension
    }
    let good = text.unicodeScalars.map { scalar in
      scalar.isASCII
        && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "-_".unicodeScalars.contains(scalar))
        ? Character(scalar) : "-"
    }
    let name = String(String(good).drop { $0 == "-" }.prefix(longest))
    return name.isEmpty ? "input" : name
  }

  private static func unused(_ name: String, _ taken: inout Set<String>) -> String {
    var candidate = name, number = 2
    while !taken.insert(candidate).inserted {
      let ending = "-\(number)"
      candidate = String(name.prefix(longest - ending.count)) + ending
      number += 1
    }
    return candidate
  }
}
