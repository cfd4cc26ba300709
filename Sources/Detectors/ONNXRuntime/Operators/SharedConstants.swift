import EdgepipeCore

/// What the sessions of one model hold alike, made once and kept while one of them lives: a second worker of a model then
/// costs no memory for it, and its session opens sooner.
///
/// - Precondition: objects of equal keys are alike, and nobody changes them.
final class SharedConstants<Key: Hashable & Sendable, Object: AnyObject & Sendable>: Sendable {
  private struct Place { weak var object: Object? }

  private let places = Monitor<[Key: Place]>([:])

  /// The object of a key: one that somebody holds, or what `make` returns.
  func object(for key: Key, make: () throws -> Object) rethrows -> Object {
    try places.withLock { places in
      if let known = places[key]?.object { return known }
      let made = try make()
      places = places.filter { $0.value.object != nil }
      places[key] = Place(object: made)
      return made
    }
  }
}
