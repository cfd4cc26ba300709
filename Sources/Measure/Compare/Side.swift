/// The two things that are compared: A is what there is, B what could take its place.
public enum Side: String, Sendable, CaseIterable {
  case a = "A"
  case b = "B"

  /// The order of `count` runs of each side: the Thue-Morse sequence, ABBA BAAB BAAB ABBA ...
  ///
  /// Each pair of runs has one of either side, and the sides take turns at being first, and at being first in taking
  /// turns, and so on. A machine that becomes slower or warmer meanwhile, steadily or in a bow, weighs on both alike:
  /// over the first 2^k runs everything up to a polynomial of degree k - 1 in time cancels out (E. Prouhet, 1851).
  public static func order(count: Int) -> [Side] {
    (0..<max(0, 2 * count)).map { $0.nonzeroBitCount % 2 == 0 ? .a : .b }
  }
}

/// One value for each side.
public struct Both<Value> {
  public var a: Value
  public var b: Value

  public init(a: Value, b: Value) {
    self.a = a
    self.b = b
  }

  public subscript(side: Side) -> Value {
    get { side == .a ? a : b }
    set { if side == .a { a = newValue } else { b = newValue } }
  }

  public func map<Result, Failure: Error>(_ transform: (Value) throws(Failure) -> Result) throws(Failure) -> Both<Result> {
    Both<Result>(a: try transform(a), b: try transform(b))
  }
}

extension Both: Sendable where Value: Sendable {}
extension Both: Equatable where Value: Equatable {}
