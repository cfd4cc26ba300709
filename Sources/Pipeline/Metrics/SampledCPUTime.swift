import EdgepipeCore

/// CPU time of something short that a thread does over and over, from a sample of the occasions.
///
/// Reading a thread's CPU clock is a system call, which costs as much as passing a frame on; so only one occasion in
/// eleven is measured, and the rest are taken to have cost the same. Eleven has no factor in common with the number of
/// streams or workers that is usual, so every place in their turns is seen.
struct SampledCPUTime {
  private static let interval: Int64 = 11
  /// Not the first occasion, which pays for cold caches.
  private static let offset: Int64 = 3

  private let clock: @Sendable () -> Int64
  private var occasions: Int64 = 0
  private var measured: Int64 = 0
  private var sum: Int64 = 0
  private var start: Int64?

  /// - Parameter clock: the calling thread's CPU time in nanoseconds.
  init(clock: @escaping @Sendable () -> Int64 = SystemClock.threadCPUNanoseconds) { self.clock = clock }

  mutating func begin() {
    start = occasions % Self.interval == Self.offset ? clock() : nil
    occasions += 1
  }

  mutating func end() {
    guard let start else { return }
    sum += clock() - start
    measured += 1
    self.start = nil
  }

  /// The estimate for all occasions; 0 until one was measured.
  var nanoseconds: Int64 { measured == 0 ? 0 : Int64(Double(sum) / Double(measured) * Double(occasions)) }
}
