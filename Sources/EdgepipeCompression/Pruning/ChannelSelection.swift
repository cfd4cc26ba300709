/// Decides which channels go: those that do the least damage for each multiplication that is saved.
///
/// Channels go in bundles of `multiple` from one layer, so that widths stay what the engine is fast at. Bundle after
/// bundle is taken, each time the one with the least damage for its savings as things then stand.
struct ChannelSelection {
  typealias Channel = ChannelGraph.Channel

  /// What a channel costs.
  enum Damage {
    /// The squared norm of the filters that make it, as a share of its layer's (H. Li et al., "Pruning Filters for
    /// Efficient ConvNets", ICLR 2017, with the L2 norm).
    case norm
    /// What its readers lose that they cannot make up for, each weighted with how much the model's outputs depend on
    /// it.
    case reconstruction(readers: [ChannelReader], sensitivities: [Double])
  }

  /// Channels that the same convolutions make, and what is to be known to choose among them.
  private struct Layer {
    /// Without repetition.
    let roots: [Channel]
    /// The bundle that would go next; nil: not known, or none can go.
    var proposal: (bundle: [Channel], damage: Double)?
    var isCurrent = false
  }

  /// A convolution's channels by their roots, and the cost of one multiplication of its weights.
  private struct Cost {
    let inputs: [Channel]
    let outputs: [Channel]
    let isDepthwise: Bool
    /// Multiplications of one weight for one picture, times those of the kernel.
    let factor: Double
  }

  private let multiple: Int
  private let layerLimit: Double
  private let costs: [Cost]
  private let pinned: Set<Channel>
  private var layers: [Layer] = []
  private var norms: [Channel: Double] = [:]
  private var readers: [ChannelReader] = []
  private var sensitivities: [Double] = []
  /// Where each root is read: reader and place.
  private var uses: [Channel: [(reader: Int, place: Int)]] = [:]
  private(set) var removed: Set<Channel> = []

  /// - Parameters:
  ///   - weights: of each convolution of the graph.
  ///   - areas: height times width of each convolution's output.
  ///   - layerLimit: the share of its channels that a layer may lose.
  init(
    _ graph: ChannelGraph, weights: [FloatWeights], areas: [Int], multiple: Int, layerLimit: Double, damage: Damage
  ) {
    self.multiple = max(1, multiple)
    self.layerLimit = layerLimit
    pinned = graph.pinnedRoots
    costs = zip(graph.convolutions, areas).map { convolution, area in
      Cost(
        inputs: convolution.inputs.map(graph.root), outputs: convolution.outputs.map(graph.root),
        isDepthwise: convolution.node.isDepthwise, factor: Double(area * convolution.node.kernelArea))
    }
    layers = Self.layers(costs.map(\.outputs))
    if case .norm = damage {
      for (cost, weights) in zip(costs, weights) where !cost.isDepthwise { addNorms(cost.outputs, weights) }
    }
    guard case .reconstruction(let readers, let sensitivities) = damage else { return }
    self.readers = readers
    self.sensitivities = sensitivities
    for (index, reader) in readers.enumerated() {
      for (place, root) in reader.roots.enumerated() { uses[root, default: []].append((index, place)) }
    }
  }

  /// Channels that are made and carried on by the same convolutions: where a layer's channels go different ways, as
  /// behind a `Split`, each part keeps a width of its own.
  private static func layers(_ outputs: [[Channel]]) -> [Layer] {
    var makers: [Channel: Set<Int>] = [:]
    for (index, roots) in outputs.enumerated() { for root in roots { makers[root, default: []].insert(index) } }
    var groups: [[Int]: [Channel]] = [:]
    for (root, indices) in makers { groups[indices.sorted(), default: []].append(root) }
    return groups.values.map { Layer(roots: $0.sorted()) }.sorted { ($0.roots[0]) < ($1.roots[0]) }
  }

  private mutating func addNorms(_ outputs: [Channel], _ weights: FloatWeights) {
    let squares = outputs.indices.map { output in
      weights.values[output * weights.depth..<(output + 1) * weights.depth].reduce(0.0) { $0 + Double($1) * Double($1) }
    }
    let whole = max(squares.reduce(0, +), Double.leastNormalMagnitude)
    for (root, square) in zip(outputs, squares) { norms[root, default: 0] += square / whole }
  }

  /// Removes channels until `share` of all multiplications are saved, or as many as can be.
  mutating func choose(share: Double) {
    let aim = multiplications() * (1 - share)
    while multiplications() > aim, let layer = cheapestLayer(), let bundle = layers[layer].proposal?.bundle {
      remove(bundle)
    }
  }

  /// Multiplications of all convolutions for one picture.
  func multiplications() -> Double {
    costs.reduce(0) { $0 + multiplications($1, without: []) }
  }

  private func multiplications(_ cost: Cost, without bundle: Set<Channel>) -> Double {
    func count(_ channels: [Channel]) -> Double {
      Double(channels.count { !removed.contains($0) && !bundle.contains($0) })
    }
    return cost.factor * count(cost.outputs) * (cost.isDepthwise ? 1 : count(cost.inputs))
  }

  private mutating func cheapestLayer() -> Int? {
    var best: (layer: Int, price: Double)?
    for index in layers.indices {
      if !layers[index].isCurrent {
        layers[index].proposal = proposal(layers[index].roots)
        layers[index].isCurrent = true
      }
      guard let proposal = layers[index].proposal else { continue }
      let price = proposal.damage / max(1, saving(Set(proposal.bundle)))
      if best.map({ price < $0.price }) ?? true { best = (index, price) }
    }
    return best?.layer
  }

  /// Channel by channel, since of two that stand in for each other only one can go.
  private func proposal(_ roots: [Channel]) -> (bundle: [Channel], damage: Double)? {
    let left = roots.filter { !removed.contains($0) }
    var free = left.filter { !pinned.contains($0) }
    // A width that is no multiple is first cut to one; one bundle stays.
    let size = left.count % multiple == 0 ? multiple : left.count % multiple
    let least = max(Double(multiple), Double(roots.count) * (1 - layerLimit))
    guard Double(left.count - size) >= least, free.count >= size else { return nil }
    var trial = readers, bundle: [Channel] = [], sum = 0.0
    for _ in 0..<size {
      let damages = free.map { damage($0, trial) }
      guard let place = damages.indices.min(by: { damages[$0] < damages[$1] }) else { break }
      sum += damages[place]
      let root = free.remove(at: place)
      bundle.append(root)
      for use in uses[root] ?? [] { trial[use.reader].remove(use.place) }
    }
    return (bundle, sum)
  }

  private func damage(_ root: Channel, _ readers: [ChannelReader]) -> Double {
    (uses[root] ?? []).reduce(norms[root] ?? 0) { sum, use in
      sum + sensitivities[use.reader] * readers[use.reader].damage(use.place)
    }
  }

  private mutating func remove(_ bundle: [Channel]) {
    removed.formUnion(bundle)
    var changed = Set(bundle)
    for root in bundle {
      for use in uses[root] ?? [] {
        readers[use.reader].remove(use.place)
        changed.formUnion(readers[use.reader].roots)
      }
    }
    for index in layers.indices where layers[index].isCurrent {
      layers[index].isCurrent = layers[index].roots.allSatisfy { !changed.contains($0) }
    }
  }

  /// Multiplications that go with these channels, as things stand.
  private func saving(_ bundle: Set<Channel>) -> Double {
    costs.reduce(0) { $0 + multiplications($1, without: []) - multiplications($1, without: bundle) }
  }
}
