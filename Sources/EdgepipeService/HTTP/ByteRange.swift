/// What a request with a field `Range` asks for (RFC 9110, 14).
enum ByteRange: Sendable, Hashable {
  case whole
  case part(Range<Int>)
  /// Nothing of it is there.
  case none

  /// - Parameters:
  ///   - field: what cannot be read, and several ranges, ask for the whole.
  ///   - bytes: how many there are.
  init(_ field: String?, of bytes: Int) {
    self = .whole
    guard let field, field.hasPrefix("bytes="), !field.contains(",") else { return }
    let ends = field.dropFirst("bytes=".count).split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else { return }
    // Numbers beyond all limits are beyond the end as well.
    let first = ends[0].isEmpty ? nil : Int(ends[0]) ?? .max, last = ends[1].isEmpty ? nil : Int(ends[1]) ?? .max
    switch (first, last) {
    case (let first?, let last?) where first > last: return
    case (let first?, let last): self = first >= bytes ? .none : .part(first..<min(bytes - 1, last ?? .max) + 1)
    case (nil, let count?): self = count == 0 || bytes == 0 ? .none : .part(max(0, bytes - count)..<bytes)
    case (nil, nil): return
    }
  }
}
