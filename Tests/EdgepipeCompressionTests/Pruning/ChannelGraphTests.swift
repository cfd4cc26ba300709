import ModelTestSupport
import PipelineTestSupport
import Testing

@testable import EdgepipeCompression
@testable import EdgepipeONNX

@Suite(
  "Channels that stand and fall together",
  .enabled(if: TestData.onnxRuntimeLibrary != nil, "needs the inference library (scripts/setup)"))
struct ChannelGraphTests {
  private func roots(_ output: String, _ graph: ChannelGraph) throws -> [Int] {
    try #require(graph.convolutions.first { $0.node.output == output }).outputs.map(graph.root)
  }

  @Test("given sums, joins, splits and slices, when followed, then equal channels have one root")
  func ties() throws {
    let graph = try ChannelGraph(PruneFixture().model)
    let wide = try roots("wide_sum", graph), narrow = try roots("narrow_sum", graph)
    // The first half is carried through the depthwise convolution and tied to the dense one by the addition.
    #expect(try roots("deep_sum", graph) == Array(wide[..<8]))
    #expect(try roots("dense_sum", graph) == Array(wide[..<8]))
    let joined = try #require(graph.convolutions.first { $0.node.output == "narrow_sum" }).inputs.map(graph.root)
    #expect(joined == wide)
    let all = try #require(graph.convolutions.first { $0.node.output == "head_sum" }).inputs.map(graph.root)
    #expect(all == narrow + narrow[4..<12])
    #expect(Set(wide).isDisjoint(with: narrow))
  }

  @Test("given a head and a picture, when followed, then their channels are pinned and others are not")
  func pinned() throws {
    let graph = try ChannelGraph(PruneFixture().model)
    #expect(graph.pinnedRoots.isSuperset(of: try roots("y", graph)))
    #expect(graph.pinnedRoots.isSuperset(of: try roots("head_sum", graph)))
    let picture = try #require(graph.convolutions.first { $0.node.output == "stem_sum" }).inputs.map(graph.root)
    #expect(graph.pinnedRoots.isSuperset(of: picture))
    for free in ["stem_sum", "wide_sum", "narrow_sum"] {
      #expect(graph.pinnedRoots.isDisjoint(with: try roots(free, graph)), "\(free)")
    }
  }

  @Test("given an operator that is not known, when followed, then what it reads is pinned")
  func unknown() throws {
    var model = try PruneFixture().model
    model.proto.graph.node.append(TestGraphs.node("Shape", ["narrow"], "size"))
    let graph = try ChannelGraph(model)
    #expect(graph.pinnedRoots.isSuperset(of: try roots("narrow_sum", graph)))
    #expect(graph.pinnedRoots.isDisjoint(with: try roots("wide_sum", graph)))
  }

  @Test("given channels that give nothing, when they are taken out, then the outputs are the same")
  func surgery() throws {
    let fixture = try PruneFixture()
    let graph = try ChannelGraph(fixture.model)
    let wide = try roots("wide_sum", graph), narrow = try roots("narrow_sum", graph)
    // Of the added half, of the other half, before, within and behind the slice.
    let removed: Set<Int> = [wide[1], wide[6], wide[9], narrow[2], narrow[5], narrow[11], narrow[15]]
    var silenced = fixture.model
    silenced.replaceWeights(
      try graph.convolutions.map { convolution in
        var weights = try convolution.node.weights(stored: fixture.model.storedTensors(), modelName: "test")
        for (output, channel) in convolution.outputs.enumerated() where removed.contains(graph.root(channel)) {
          weights.bias[output] = 0
          for place in output * weights.depth..<(output + 1) * weights.depth { weights.values[place] = 0 }
        }
        return (convolution.node, weights)
      })
    var cut = silenced
    // The same channels by the same numbers; the tensors have other names.
    try ChannelSurgery(graph: ChannelGraph(silenced), removed: removed).cut(&cut)
    #expect(try fixture.weights("narrow_sum", of: cut)?.shape == [12, 13, 1, 1])
    #expect(try fixture.weights("deep_sum", of: cut)?.shape == [6, 1, 3, 3])
    #expect(try fixture.weights("head_sum", of: cut)?.shape == [24, 18, 1, 1])
    let before = try fixture.outputs(silenced), after = try fixture.outputs(cut)
    #expect(before.count == after.count)
    // The same sums without their zeros; only their order may differ.
    #expect(zip(before, after).allSatisfy { abs($0 - $1) <= 1e-5 })
  }
}
