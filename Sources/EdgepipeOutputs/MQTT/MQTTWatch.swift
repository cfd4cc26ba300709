import EdgepipeCore
import Pipeline
import Stages
import Synchronization

/// Follows frames and streams for the states that a sink keeps. Safe to use from any thread.
final class MQTTWatch: Sendable {
  private struct State {
    var shapes: [(stage: String, shape: ListedShape)] = []
    var streams: Set<String> = []
    var options: ObjectIdentifier?
  }

  private let states: MQTTStates
  private let requests: (any RunRequests)?
  private let keepsStates: Bool
  private let state = Mutex(State())

  /// - Parameter keepsStates: false where only the state of detection is wanted.
  init(_ states: MQTTStates, _ requests: (any RunRequests)?, keepsStates: Bool) {
    (self.states, self.requests, self.keepsStates) = (states, requests, keepsStates)
  }

  func connect(to peers: StagePeers) {
    let shapes = peers.upstream.flatMap { id in
      ((peers.stages[id] as? any ListsShapes)?.listedShapes ?? []).map { (stage: id, shape: $0) }
    }
    state.withLock { $0.shapes = shapes }
  }

  /// The run begins.
  func begin() { noteDetecting() }

  func see(_ frame: Frame) {
    let stream = frame.header.stream.id, options = frame.options.map(ObjectIdentifier.init)
    let (isNew, hasChanged, shapes) = state.withLock { state in
      let hasChanged = state.options != options
      state.options = options
      let isNew = keepsStates && !state.streams.contains(stream)
      if isNew { state.streams.insert(stream) }
      return (isNew, hasChanged, isNew ? state.shapes : [])
    }
    if isNew { states.begin(shapes, stream: stream) }
    if hasChanged { noteDetecting() }
    if keepsStates { for event in frame.events { states.note(event, stream: stream) } }
  }

  func see(_ change: HealthChange) { if keepsStates { states.note(change) } }

  private func noteDetecting() { if let isDetecting = requests?.isDetecting { states.note(isDetecting: isDetecting) } }
}

extension MQTTCommands.Run {
  /// Orders as `edgepipe ctl set` carries them out.
  init(_ requests: any RunRequests, _ states: MQTTStates) {
    self.init(
      set: { options, stage throws(PipelineError) in
        let change = try requests.set(options, of: stage)
        if let isDetecting = requests.isDetecting { states.note(isDetecting: isDetecting) }
        return change
      },
      setDetecting: { isOn throws(PipelineError) in
        let changes = try requests.setDetecting(isOn)
        states.note(isDetecting: isOn)
        return changes
      })
  }
}
