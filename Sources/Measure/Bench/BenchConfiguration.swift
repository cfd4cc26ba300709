/// One way to run a model: a row of the benchmark.
package struct BenchConfiguration: Sendable, Hashable {
  /// Input pixels.
  var height: Int
  var width: Int
  /// Pictures in one inference.
  var batch: Int
  /// Threads inside one inference.
  var threads: Int
  /// Sessions side by side, each on a thread of its own.
  var workers: Int

  init(height: Int, width: Int, batch: Int = 1, threads: Int = 1, workers: Int = 1) {
    self.height = height
    self.width = width
    self.batch = batch
    self.threads = threads
    self.workers = workers
  }

  /// `416x256, batch 4, 2 threads`: what is not 1.
  package var label: String {
    var parts = ["\(width)x\(height)", "batch \(batch)"]
    if threads > 1 { parts.append("\(threads) threads") }
    if workers > 1 { parts.append("\(workers) workers") }
    return parts.joined(separator: ", ")
  }

  /// All combinations, each once: inputs slowest, then workers, threads and batches.
  package static func matrix(
    inputs: [(height: Int, width: Int)], batches: [Int], threads: [Int], workers: [Int]
  ) -> [BenchConfiguration] {
    var list: [BenchConfiguration] = []
    for input in inputs {
      for worker in workers {
        for thread in threads {
          for batch in batches {
            let made = BenchConfiguration(
              height: input.height, width: input.width, batch: batch, threads: thread, workers: worker)
            if !list.contains(made) { list.append(made) }
          }
        }
      }
    }
    return list
  }
}

/// How often everything is done. The defaults are the usual protocol: 50 warm-ups and 1,000 runs, 100 of batches, five
/// times.
package struct BenchSettings: Sendable, Hashable {
  /// Inferences of single pictures before those that count.
  var warmUps: Int
  /// Inferences of single pictures that count, in each repeat; of all workers together.
  var runs: Int
  /// The same, of larger batches.
  var batches: Int
  var repeats: Int

  package init(warmUps: Int = 50, runs: Int = 1000, batches: Int = 100, repeats: Int = 5) {
    self.warmUps = warmUps
    self.runs = runs
    self.batches = batches
    self.repeats = repeats
  }

  func runs(of configuration: BenchConfiguration) -> Int { configuration.batch > 1 ? batches : runs }

  /// Of each worker. Larger batches warm up with as many pictures, but with at least five inferences.
  func warmUps(of configuration: BenchConfiguration) -> Int {
    guard configuration.batch > 1, warmUps > 0 else { return warmUps }
    return max(min(5, warmUps), (warmUps + configuration.batch - 1) / configuration.batch)
  }
}
