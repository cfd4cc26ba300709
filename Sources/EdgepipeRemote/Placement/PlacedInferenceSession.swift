import Detectors
import EdgepipeCore

/// One worker's session of a model that runs here, on servers, or on both.
final class PlacedInferenceSession: PlacedSession {
  let inputs: [TensorDescription]
  let outputs: [TensorDescription]
  private(set) var place = InferencePlace.edge

  private let placement: RemotePlacement
  private let stopping = PlacedStop()
  private var terms = InferenceTerms(deadline: nil)

  init(_ placement: RemotePlacement, inputs: [TensorDescription], outputs: [TensorDescription]) {
    (self.placement, self.inputs, self.outputs) = (placement, inputs, outputs)
  }

  var stop: (any InferenceStop)? { stopping }

  func expect(_ terms: InferenceTerms) { self.terms = terms }

  func run<Result>(_ input: Tensor, _ body: (borrowing ModelOutputs) throws -> Result) throws -> Result {
    var seen = placement.turn
    while true {
      switch placement.choose(terms, input) {
      case .edge: return try here(input, body)
      case .none:
        placement.count(.unanswered)
        throw NoAnswer()
      case .wait(let limit): placement.waitForTurn(after: &seen, until: limit)
      case .cloud(let limit):
        let began = placement.clock.now()
        // Another worker may have taken the last place in between.
        guard let call = placement.start(input) else {
          if placement.mode == .route || placement.mode == .edgeFirst { return try here(input, body) }
          guard began < limit else { return try instead(input, body) }
          placement.waitForTurn(after: &seen, until: min(limit, began.advanced(byMilliseconds: 50)))
          continue
        }
        guard let answer = placement.answer(to: call, until: limit, began: began) else {
          return try instead(input, body)
        }
        place = .cloud
        return try Self.lend(answer, body)
      }
    }
  }

  /// What follows when no server has answered.
  private func instead<Result>(
    _ input: Tensor, _ body: (borrowing ModelOutputs) throws -> Result
  ) throws -> Result {
    guard placement.mode.usesEdge else {
      placement.count(.unanswered)
      throw NoAnswer()
    }
    placement.count(.fellBack)
    return try here(input, body)
  }

  private func here<Result>(_ input: Tensor, _ body: (borrowing ModelOutputs) throws -> Result) throws -> Result {
    let lent = try placement.local.take()
    defer { placement.giveBack(lent) }
    place = .edge
    stopping.attach(lent.session.stop)
    defer { stopping.attach(nil) }
    let began = placement.clock.now()
    let result = try lent.session.run(input, body)
    placement.noteEdge(since: began)
    return result
  }

  /// Lends the answer's numbers as an engine lends its own.
  private static func lend<Result>(
    _ answer: InferAnswer, _ body: (borrowing ModelOutputs) throws -> Result
  ) throws -> Result {
    func next(_ index: Int, _ lent: [ModelOutputs.Output]) throws -> Result {
      guard index < answer.outputs.count else { return try body(ModelOutputs(lent)) }
      let output = answer.outputs[index]
      return try unsafe output.values.withUnsafeBufferPointer { values in
        // SAFETY: `values` lives until this closure returns, and with it every use of it in `body`.
        try next(index + 1, lent + [unsafe ModelOutputs.Output(shape: output.shape, values: values)])
      }
    }
    return try next(0, [])
  }
}

/// Ends the run of whichever session does it.
final class PlacedStop: InferenceStop {
  private struct State {
    var current: (any InferenceStop)?
    var isStopped = false
  }
  private let state = Monitor(State())

  func attach(_ stop: (any InferenceStop)?) {
    state.withLock { state in
      state.current?.clear()
      state.current = stop
      if state.isStopped { stop?.stop() }
    }
  }

  func stop() {
    state.withLock { state in
      state.isStopped = true
      state.current?.stop()
    }
  }

  func clear() {
    state.withLock { state in
      state.isStopped = false
      state.current?.clear()
    }
  }
}
