import Detectors
import EdgepipeCore
import Pipeline

/// Scales on one thread: keeps a scaler for each target, and makes a new one when the pictures change.
final class LetterboxWorker: FrameWorker {
  private let initialTargets: [Letterbox.Target]
  private var targets: [Letterbox.Target]
  private let pool: BufferPool
  private let noteShape: ([String], String) -> Void
  private let converter = JPEGConverter()
  private let gateSettings: [String: GateSettings]
  private var gates: [String: DetectionGate]
  private let records: [String: CascadeRecord]
  /// What the gates and the targets are set to.
  private var options: ChangedOptions?
  private var scalers: [(any RowScaler)?]
  private var geometries: [LetterboxGeometry?]

  /// - Parameters:
  ///   - records: of the gates of cascades, by consumer.
  ///   - noteShape: told the consumers and the tensor's shape whenever it changes.
  init(
    targets: [Letterbox.Target], gates: [String: GateSettings] = [:], records: [String: CascadeRecord] = [:],
    pool: BufferPool, noteShape: @escaping ([String], String) -> Void
  ) {
    initialTargets = targets
    self.targets = targets
    gateSettings = gates
    self.records = records
    self.gates = gates.reduce(into: [:]) { $0[$1.key] = DetectionGate($1.value, record: records[$1.key]) }
    self.pool = pool
    self.noteShape = noteShape
    scalers = Array(repeating: nil, count: targets.count)
    geometries = Array(repeating: nil, count: targets.count)
  }

  func process(_ frame: Frame) throws -> FrameOutcome {
    guard let picture = frame.image as? DecodedPicture else {
      throw PipelineError(
        "frame \(frame.header.sequence) of '\(frame.header.stream.id)' reached the scaler without a picture",
        consequence: .skipFrame, code: .internalFault)
    }
    var frame = frame
    if frame.options !== options { follow(frame.options) }
    let shut = shutGates(for: frame, picture)
    var source: DecodedPicture?
    for index in targets.indices {
      var input: ModelInput?
      for consumer in targets[index].consumers {
        if shut.contains(consumer) {
          frame.attach(GateClosed.mark, for: consumer)
          continue
        }
        let converted = try source ?? converter.convert(picture)
        source = converted
        if try attachCrops(of: converted, for: consumer, index, to: &frame) { continue }
        let prepared = try input ?? prepare(converted, index)
        input = prepared
        frame.attach(prepared, for: consumer)
      }
    }
    return .emit(frame)
  }

  private func follow(_ options: ChangedOptions?) {
    self.options = options
    func changed(_ consumer: String) -> (any GatedAdjustment)? {
      options?.value(of: consumer, as: (any GatedAdjustment).self)
    }
    for (consumer, initial) in gateSettings { gates[consumer]?.settings = changed(consumer)?.gate ?? initial }
    let requests = initialTargets.flatMap { target in
      target.consumers.map { (consumer: $0, request: changed($0)?.request ?? target.request) }
    }
    let wanted = Letterbox.targets(requests)
    guard wanted.map(\.request) != targets.map(\.request) || wanted.map(\.consumers) != targets.map(\.consumers) else {
      return
    }
    targets = wanted
    scalers = Array(repeating: nil, count: wanted.count)
    geometries = Array(repeating: nil, count: wanted.count)
  }

  /// The stages that do not look at this frame.
  private func shutGates(for frame: Frame, _ picture: DecodedPicture) -> Set<String> {
    guard !gates.isEmpty else { return [] }
    var grid: LumaGrid??
    var shut: Set<String> = []
    for consumer in gates.keys {
      let doubts = gates[consumer]?.settings.cascade.flatMap { self.doubts(of: $0, on: frame) }
      let isOpen = gates[consumer]?.opens(for: frame.header, doubts: doubts) {
        let made = grid ?? LumaGrid(picture)
        grid = .some(made)
        return made
      }
      if isOpen == false { shut.insert(consumer) }
    }
    return shut
  }

  /// - Returns: false for a consumer that looks at whole pictures.
  private func attachCrops(
    of picture: DecodedPicture, for consumer: String, _ index: Int, to frame: inout Frame
  ) throws -> Bool {
    guard let cascade = gates[consumer]?.settings.cascade,
      let plan = cascade.cropPlan(width: picture.width, height: picture.height)
    else { return false }
    let candidates = doubts(of: cascade, on: frame)?.candidates ?? []
    let places = plan.crops(around: cascade.doubtful(candidates, in: plan).map(\.box), most: cascade.crops)
    let crops = try places.compactMap { place in
      try picture.crop(place).map { CropInputs.Crop(place: place, input: try prepare($0, index)) }
    }
    guard let first = crops.first else {
      frame.attach(GateClosed.mark, for: consumer)
      return true
    }
    records[consumer]?.note(crops: crops.count)
    frame.attach(first.input, for: consumer)
    frame.attach(CropInputs(crops), for: CropInputs.key(of: consumer))
    return true
  }

  private func doubts(of cascade: CascadeSettings, on frame: Frame) -> DoubtfulCandidates? {
    frame.attachment(DoubtfulCandidates.key(of: cascade.of)) as? DoubtfulCandidates
  }

  private func prepare(_ picture: DecodedPicture, _ index: Int) throws -> ModelInput {
    let request = targets[index].request
    let geometry = geometry(for: picture, index)
    let scaler = try scaler(for: picture, geometry, index)
    let tensor = Tensor(
      shape: request.format.shape(height: geometry.inputHeight, width: geometry.inputWidth),
      element: request.format.element, pool: pool)
    try scaler.scale(picture) { row in
      TensorWriter.write(into: tensor, geometry: geometry, format: request.format, row: row)
    }
    return ModelInput(tensor: tensor, geometry: geometry)
  }

  private func geometry(for picture: DecodedPicture, _ index: Int) -> LetterboxGeometry {
    if let known = geometries[index], known.sourceWidth == picture.width, known.sourceHeight == picture.height,
      known.pixelAspect == picture.pixelAspect
    {
      return known
    }
    let made = LetterboxGeometry(
      sourceWidth: picture.width, sourceHeight: picture.height, pixelAspect: picture.pixelAspect,
      request: targets[index].request)
    geometries[index] = made
    let shape = targets[index].request.format.shape(height: made.inputHeight, width: made.inputWidth)
    noteShape(targets[index].consumers, shape.map(String.init).joined(separator: "x"))
    return made
  }

  /// Our own one where its kernels run and the picture is of a common format, else swscale, which takes them all.
  private func scaler(for picture: DecodedPicture, _ geometry: LetterboxGeometry, _ index: Int) throws(PipelineError)
    -> any RowScaler
  {
    let width = geometry.contentWidth, height = geometry.contentHeight
    if let known = scalers[index], known.fits(picture, width: width, height: height) { return known }
    let own = AreaScaler.hasKernels ? AreaScaler(like: picture, width: width, height: height) : nil
    let made: any RowScaler
    if let own { made = own } else { made = try PictureScaler(like: picture, width: width, height: height) }
    scalers[index] = made
    return made
  }
}
