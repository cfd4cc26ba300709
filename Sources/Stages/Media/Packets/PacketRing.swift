/// The latest packets of one stream in groups, each from a key frame up to the next: never more bytes than allowed, the
/// oldest group goes first. What is in it always begins with a key frame, so that everything in it can be decoded.
///
/// Each element has a serial number, counted from 0, by which readers find their place again.
struct PacketRing<Element> {
  private struct Group {
    let first: Int
    var bytes = 0
    var elements: [Element] = []
  }

  let limit: Int
  private var groups: [Group] = []
  private(set) var bytes = 0
  /// The serial number of the next element.
  private(set) var next = 0
  /// False before the first key frame, and after a group that was larger than the limit.
  private var takesAll = false
  /// After a group that was larger than the limit: what is refused is missing, and has a serial number.
  private var isTooLarge = false

  /// - Parameter limit: in bytes.
  init(limit: Int) { self.limit = limit }

  /// The serial number of the oldest element, or `next` where there is none.
  var first: Int { groups.first?.first ?? next }
  /// How many groups there are.
  var groupCount: Int { groups.count }

  /// - Parameters:
  ///   - startsGroup: a key frame.
  ///   - needed: nobody wants what is before this serial number, so that whole groups before it go.
  /// - Returns: false where the element cannot be decoded with what is here, and was left out.
  mutating func append(_ element: Element, bytes size: Int, startsGroup: Bool, needed: Int) -> Bool {
    if startsGroup {
      (takesAll, isTooLarge) = (true, false)
      groups.append(Group(first: next))
    } else if !takesAll {
      if isTooLarge { next += 1 }
      return false
    }
    groups[groups.count - 1].elements.append(element)
    groups[groups.count - 1].bytes += size
    bytes += size
    next += 1
    if startsGroup { release(before: needed) }
    while bytes > limit {
      // The rest of a group that is too large for the ring is of no use without its beginning.
      if groups.count == 1 { (takesAll, isTooLarge) = (false, true) }
      dropFirst()
    }
    return takesAll
  }

  /// Lets the groups go that end before this serial number.
  mutating func release(before needed: Int) {
    while groups.count > 1, groups[1].first <= needed { dropFirst() }
  }

  private mutating func dropFirst() { bytes -= groups.removeFirst().bytes }

  /// The elements from a serial number on, at most so many.
  func elements(from serial: Int, count: Int) -> [Element] {
    var result: [Element] = []
    guard var index = groupIndex(where: { first, _ in first <= serial }) else { return result }
    var offset = serial - groups[index].first
    while index < groups.count, result.count < count {
      let elements = groups[index].elements
      result += elements.dropFirst(offset).prefix(count - result.count)
      (index, offset) = (index + 1, 0)
    }
    return result
  }

  /// How many bytes the groups hold from that of a serial number on.
  func bytes(from serial: Int) -> Int {
    groups.reduce(0) { $0 + ($1.first + $1.elements.count > serial ? $1.bytes : 0) }
  }

  /// The first serial number of the last group whose key frame fulfils `holds`, which must be true up to some group and
  /// false after it.
  func groupStart(where holds: (Element) -> Bool) -> Int? {
    groupIndex { _, key in holds(key) }.map { groups[$0].first }
  }

  /// The serial number of the last element that fulfils `holds`, which must be true up to some element and false after it.
  func last(where holds: (Element) -> Bool) -> Int? {
    guard let index = groupIndex(where: { _, key in holds(key) }) else { return nil }
    let elements = groups[index].elements
    return groups[index].first + Self.partition(elements.count) { holds(elements[$0]) } - 1
  }

  private func groupIndex(where holds: (Int, Element) -> Bool) -> Int? {
    let count = Self.partition(groups.count) { holds(groups[$0].first, groups[$0].elements[0]) }
    return count > 0 ? count - 1 : nil
  }

  /// How many of `0..<count` fulfil `holds`, by halving.
  private static func partition(_ count: Int, _ holds: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if holds(middle) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
