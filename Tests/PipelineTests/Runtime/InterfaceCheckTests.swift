import Testing

@testable import EdgepipeCore
@testable import Pipeline

@Suite("Names that stages ask each other for")
struct InterfaceCheckTests {
  /// A stage of a graph: what it says of itself, and the stages it comes after.
  private struct Node {
    var id: String
    var after: [String] = []
    var type = "any"
    var workers = 1
    var streams: [String] = []
    var hasReplacedInputs = false
    var interface = StageInterface()
  }

  private static func source(
    _ id: String = "camera", streams: [String]? = nil, others: StageInterface.OtherStreams = .joining,
    isReplaced: Bool = false
  ) -> Node {
    var node = Node(id: id, streams: streams ?? [id], hasReplacedInputs: isReplaced)
    node.interface.otherStreams = others
    return node
  }

  private static func detector(
    _ id: String = "objects", after: [String] = ["camera"], finds: StageInterface.Labels = .only(["person", "car"]),
    leavesOut: Set<String> = []
  ) -> Node {
    var node = Node(id: id, after: after)
    node.interface.finds = finds
    node.interface.leavesOut = leavesOut
    return node
  }

  private static func tracker(
    after: [String] = ["objects"], labels: [String]? = nil, stages: [String]? = nil
  ) -> Node {
    var node = Node(id: "tracks", after: after)
    node.interface.needsDetections = true
    node.interface.follows = .init(
      labels: labels.map { $0.map { [$0] } }, except: stages == nil ? ["face"] : [], stages: stages.map(Set.init))
    if let labels { node.interface.wishes.append(NameWish(.foundLabels, labels, key: "labels")) }
    if let stages { node.interface.wishes.append(NameWish(.detectors, stages, key: "stages")) }
    return node
  }

  private static func zones(
    after: [String] = ["tracks"], labels: [String] = [], streams: [String] = []
  ) -> Node {
    var node = Node(id: "zones", after: after)
    node.interface.needsTracks = true
    node.interface.wishes = [
      NameWish(.trackedLabels, labels, key: "zones[0].labels", asker: "its zone 'door'"),
      NameWish(.streams, streams, key: "zones[0].streams", asker: "its zone 'door'"),
    ]
    return node
  }

  private func check(_ nodes: [Node], staysOpen: Bool = false) throws -> InterfaceCheck {
    InterfaceCheck(
      nodes.map {
        .init(
          id: $0.id, type: $0.type, interface: $0.interface, workers: $0.workers, streams: $0.streams,
          hasReplacedInputs: $0.hasReplacedInputs)
      }, graph: try Graph(nodes.map { ($0.id, $0.after) }), staysOpen: staysOpen)
  }

  /// The one error, as a user reads it, and its place; nil when nothing is wrong.
  private func error(_ nodes: [Node], staysOpen: Bool = false) throws -> String? {
    let check = try check(nodes, staysOpen: staysOpen)
    #expect(check.errors.count <= 1)
    #expect(check.errors.allSatisfy { $0.error.exit == .config })
    return check.errors.first.map { "\($0.key ?? "-") \($0.error)" }
  }

  // MARK: - Labels

  @Test("given labels that are found and followed, when checked, then nothing is wrong")
  func goodLabels() throws {
    let check = try check([
      Self.source(), Self.detector(), Self.tracker(labels: ["person", "car"], stages: ["objects"]),
      Self.zones(labels: ["car"], streams: ["camera"]),
    ])
    #expect(check.errors.isEmpty && check.warnings.isEmpty)
  }

  @Test("given a label that no detector finds, when checked, then its place and what was meant are named")
  func unknownLabel() throws {
    #expect(
      try error([Self.source(), Self.detector(), Self.tracker(labels: ["car", "persn"])])
        == "labels[1] tracks: no stage before 'tracks' detects 'persn'; did you mean 'person'?")
    #expect(
      try error([Self.source(), Self.detector(), Self.tracker(), Self.zones(labels: ["zebra"])])
        == "zones[0].labels[0] zones: no stage before 'zones' detects 'zebra', as its zone 'door' requires; labels: car, person"
    )
  }

  @Test("given a detector whose labels nobody knows, when checked, then any label may be right")
  func anyLabel() throws {
    let nodes = [Self.source(), Self.detector(finds: .any), Self.tracker(labels: ["zebra"])]
    #expect(try error(nodes + [Self.zones(labels: ["zebra"])]) == nil)
    // Beside one whose labels are known, too.
    let both = [Self.source(), Self.detector(finds: .any), Self.detector("more", after: ["objects"])]
    #expect(try error(both + [Self.tracker(after: ["more"], labels: ["zebra"])]) == nil)
  }

  @Test("given a label that a class filter leaves out, when checked, then the filter is named")
  func filtered() throws {
    let nodes = [Self.source(), Self.detector(finds: .only(["person"]), leavesOut: ["car"])]
    #expect(
      try error(nodes + [Self.tracker(labels: ["car"])])
        == "labels[0] tracks: no stage before 'tracks' detects 'car'; add it to the 'classes' of 'objects', which leaves it out"
    )
    // A slip of the pen is told by the name that was meant, left out or not.
    #expect(try error(nodes + [Self.tracker(labels: ["carr"])])?.hasSuffix("did you mean 'car'?") == true)
  }

  @Test("given a label that is found and that the tracker leaves alone, when checked, then the tracker is named")
  func untracked() throws {
    let faces = [Self.source(), Self.detector(), Self.detector("faces", after: ["objects"], finds: .only(["face"]))]
    #expect(
      try error(faces + [Self.tracker(after: ["faces"]), Self.zones(labels: ["face"])])
        == "zones[0].labels[0] zones: no tracker before 'zones' tracks 'face', as its zone 'door' requires; track it in 'tracks', with 'labels' or 'stages'"
    )
    #expect(
      try error(faces + [Self.tracker(after: ["faces"], stages: ["faces"]), Self.zones(labels: ["face"])]) == nil)
    let other = try error(faces + [Self.tracker(after: ["faces"], stages: ["faces"]), Self.zones(labels: ["car"])])
    #expect(other?.contains("no tracker before 'zones' tracks 'car'") == true)
    // One of unknown labels is followed only where it is named.
    let unknown = [
      Self.source(), Self.detector(finds: .any), Self.tracker(labels: ["person"]), Self.zones(labels: ["car"]),
    ]
    #expect(try error(unknown)?.contains("no tracker before 'zones' tracks 'car'") == true)
  }

  @Test("given one wrong label of the tracker, when a zone asks for the right one, then only the tracker's is told")
  func oneMistake() throws {
    let nodes = [Self.source(), Self.detector(), Self.tracker(labels: ["persn"]), Self.zones(labels: ["person"])]
    #expect(try error(nodes)?.hasPrefix("labels[0] tracks:") == true)
  }

  @Test("given a detector on another branch, when checked, then it does not count")
  func otherBranch() throws {
    let nodes = [
      Self.source(), Self.detector(), Self.detector("plates", finds: .only(["plate"])), Self.tracker(labels: ["plate"]),
    ]
    #expect(try error(nodes)?.contains("detects 'plate'") == true)
    #expect(
      try error(Array(nodes.dropLast()) + [Self.tracker(after: ["objects", "plates"], labels: ["plate"])]) == nil)
  }

  @Test("given stages of a tracker that detect nothing before it, when checked, then those that do are named")
  func detectors() throws {
    let nodes = [Self.source(), Self.detector()]
    #expect(
      try error(nodes + [Self.tracker(stages: ["objcts"])])
        == "stages[0] tracks: no stage 'objcts' before 'tracks' detects anything; did you mean 'objects'?")
    #expect(try error(nodes + [Self.tracker(stages: ["camera"])])?.hasSuffix("stages that do: objects") == true)
  }

  // MARK: - Streams

  @Test("given a stream that no source before the stage has, when checked, then it is an error")
  func unknownStream() throws {
    let rest = [Self.detector(after: ["camera"]), Self.tracker(), Self.zones(streams: ["camera", "camrea"])]
    #expect(
      try error([Self.source()] + rest)
        == "zones[0].streams[1] zones: no stream 'camrea' reaches 'zones', as its zone 'door' requires; did you mean 'camera'?"
    )
    // That of a source whose frames do not come here is none.
    let elsewhere = try error([Self.source(), Self.source("camrea")] + rest)
    #expect(elsewhere?.contains("no stream 'camrea' reaches 'zones'") == true)
  }

  @Test(
    "given a stream that may still come, when checked, then it is a warning",
    arguments: [
      (StageInterface.OtherStreams.joining, false, false, false), (.joining, true, false, true),
      (.joining, false, true, true), (.listed, false, false, true), (.none, true, false, false),
      (.none, false, true, true),
    ])
  func mayCome(others: StageInterface.OtherStreams, staysOpen: Bool, isReplaced: Bool, isWarning: Bool) throws {
    let nodes = [
      Self.source(others: others, isReplaced: isReplaced), Self.detector(), Self.tracker(),
      Self.zones(streams: ["yard"]),
    ]
    let check = try check(nodes, staysOpen: staysOpen)
    #expect(check.errors.isEmpty == isWarning)
    #expect((check.warnings.first?.key == "zones[0].streams[0]") == isWarning)
  }

  // MARK: - What a stage cannot work without

  /// A stage that prepares the input of others, and a detector that needs that.
  private static func letterbox(_ id: String = "scale", after: [String] = ["camera"], for consumers: Set<String>)
    -> Node
  {
    var node = Node(id: id, after: after, type: "preprocess.test")
    node.interface.prepares = consumers
    return node
  }

  private static func hungry(after: [String]) -> Node {
    var node = detector(after: after)
    node.interface.preparedBy = "preprocess.test"
    return node
  }

  @Test("given a detector whose input is prepared on every way to it, when checked, then nothing is wrong")
  func prepared() throws {
    #expect(try error([Self.source(), Self.letterbox(for: ["objects"]), Self.hungry(after: ["scale"])]) == nil)
    // Branches of one source are joined: one of them is enough.
    #expect(
      try error([
        Self.source(), Node(id: "other", after: ["camera"]), Self.letterbox(for: ["objects"]),
        Self.hungry(after: ["other", "scale"]),
      ])
        == nil)
  }

  @Test("given a detector whose input nobody prepares, when checked, then that is told with what to do")
  func unprepared() throws {
    #expect(
      try error([Self.source(), Self.hungry(after: ["camera"])])
        == "- objects: no preprocess.test prepares the input of 'objects'; add one before it, with \"for\": [\"objects\"] in its config"
    )
    #expect(
      try error([Self.source(), Self.letterbox(for: ["faces"]), Self.hungry(after: ["scale"])])
        == "- objects: no preprocess.test prepares the input of 'objects'; add \"objects\" to the 'for' of 'scale'")
    // One that lies beside it does not help.
    let beside = [Self.source(), Self.letterbox(for: ["objects"]), Self.hungry(after: ["camera"])]
    #expect(try error(beside)?.contains("add one before it") == true)
  }

  @Test("given a second source whose frames come past the preparing stage, when checked, then the source is named")
  func secondSource() throws {
    let nodes = [
      Self.source(), Self.source("yard"), Self.letterbox(for: ["objects"]), Self.hungry(after: ["scale", "yard"]),
    ]
    #expect(try error(nodes)?.contains("no preprocess.test prepares the frames of 'yard' for 'objects'") == true)
  }

  @Test("given stages that look at what nobody makes, when checked, then they are warned of")
  func needs() throws {
    let untracked = try check([Self.source(), Self.detector(), Self.zones(after: ["objects"])])
    #expect(untracked.warnings.map(\.error.message) == ["'zones' uses tracks, but no tracker comes before it"])
    let unseen = try check([Self.source(), Self.tracker(after: ["camera"])])
    #expect(
      unseen.warnings.map(\.error.message) == ["'tracks' uses detections, but no stage before it detects anything"])
    #expect(untracked.errors.isEmpty && unseen.errors.isEmpty)
    let faces = try check([Self.source(), Self.detector(finds: .only(["face"])), Self.tracker()])
    #expect(
      faces.warnings.map(\.error.description)
        == [
          "tracks: 'tracks' uses all detections except 'face', but no stage before it detects any others; name 'face' in its 'labels'"
        ])
  }

  @Test("given a stage that needs its frames in order, when it has several workers, then that is an error")
  func order() throws {
    var letterbox = Self.letterbox(for: ["objects"])
    letterbox.interface.needsOrder = "'objects' processes only some frames"
    let rest = [Self.hungry(after: ["scale"])]
    #expect(try error([Self.source(), letterbox] + rest) == nil)
    letterbox.workers = 2
    #expect(
      try error([Self.source(), letterbox] + rest)
        == "- scale: 'scale' has 2 workers, but 'objects' processes only some frames; give 'scale' one worker")
  }

  @Test("given a zone that no stage before a sink has, when checked, then it is a warning that names the nearest")
  func shapes() throws {
    var zones = Self.zones()
    zones.interface.shapes = ["door", "yard"]
    var sink = Node(id: "out", after: ["zones"])
    sink.interface.wishes = [NameWish(.shapes, ["yard", "dor"], key: "zones")]
    let nodes = [Self.source(), Self.detector(), Self.tracker(), zones, sink]
    let check = try check(nodes)
    #expect(check.errors.isEmpty && check.warnings.count == 1)
    #expect(check.warnings.first?.key == "zones[1]")
    let text = check.warnings.first.map { "\($0.error)" } ?? ""
    #expect(text.contains("no stage before 'out' has a zone or line 'dor'") && text.contains("did you mean 'door'?"))
  }

  @Test("given a name in another spelling, when that is found, then it does")
  func spellings() throws {
    var tracker = Self.tracker()
    tracker.interface.follows?.labels = [["motorbike", "motorcycle"]]
    tracker.interface.wishes = [NameWish(.foundLabels, ["motorbike"], key: "labels") { [$0, "motorcycle"] }]
    let nodes = [Self.source(), Self.detector(finds: .only(["motorcycle", "car"])), tracker]
    #expect(try error(nodes + [Self.zones(labels: ["motorcycle"])]) == nil)
    #expect(
      try error(nodes + [Self.zones(labels: ["car"])])?.contains("no tracker before 'zones' tracks 'car'") == true)
  }

  @Test("given more wrong names than anybody reads, when checked, then the rest is counted")
  func many() throws {
    let names = (0..<1000).map { "label \($0)" }
    let check = try check([Self.source(), Self.detector(), Self.tracker(labels: names)])
    #expect(check.errors.count == ConfigErrors.limit)
    #expect(check.errors.count + check.omitted == names.count)
  }
}
