/// The two things that are compared: A is what there is, B what could take its place.
package enum Side: String, Sendable, CaseIterable {
  case a = "A"
  case b = "B"
}

/// One value for each side.
package struct Both<Value> {
  package var a: Value
  package var b: Value

  package init(a: Value, b: Value) {
    self.a = a
    self.b = b
  }

  package subscript(side: Side) -> Value {
    get { side == .a ? a : b }
    set { if side == .a { a = newValue } else { b = newValue } }
  }

  package func map<Result, Failure: Error>(
    _ transform: (Value) throws(Failure) -> Result
  ) throws(Failure) -> Both<Result> {
    Both<Result>(a: try transform(a), b: try transform(b))
  }
}

extension Both: Sendable where Value: Sendable {}
extension Both: Equatable where Value: Equatable {}
