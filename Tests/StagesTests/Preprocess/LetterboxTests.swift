import Foundation
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

@Suite(.enabled(if: MediaFixtures.areAvailable, "needs the programs ffmpeg and ffprobe"))
struct LetterboxTests {
  /// One frame of this size and colour, or of the test pattern.
  private func frame(_ size: String, color: String? = nil) throws -> Frame {
    let path = try MediaFixtures.picture("\(size)-\(color ?? "pattern").png", size, color: color)
    return try #require(MediaFixtures.run(path).frames.first)
  }

  @Test func givenARedWidePicture_whenLetterboxedToASquare_thenContentAndPaddingLieWhereTheGeometrySays() throws {
    // mean and scale as the formula has them: (value - mean) * scale, also for the padding.
    let request = LetterboxFixtures.request(
      .square, nominal: 64, placement: .centered, pad: 114, mean: [10, 20, 30], scale: [0.5, 0.25, 0.125])
    let input = try LetterboxFixtures.input(try frame("160x90", color: "red"), request)
    #expect(input.tensor.shape == [1, 3, 64, 64])
    #expect(input.geometry.contentWidth == 64 && input.geometry.contentHeight == 36 && input.geometry.offsetY == 14)
    let values = LetterboxFixtures.floats(input)
    let red: [Float] = [(255 - 10) * 0.5, -20 * 0.25, -30 * 0.125]
    let pad: [Float] = [(114 - 10) * 0.5, (114 - 20) * 0.25, (114 - 30) * 0.125]
    for channel in 0..<3 {
      let isContent = (0..<4096).map { (14..<50).contains($0 / 64) }
      let plane = values[channel * 4096..<(channel + 1) * 4096]
      let furthest = zip(plane, isContent).map { value, isContent in
        isContent ? abs(value - red[channel]) : abs(value - pad[channel])
      }.max()
      // ffmpeg's red has been through YUV on its way into the file: two levels of 255.
      #expect(try #require(furthest) <= request.format.scale[channel] * 2.01)
    }
  }

  @Test func givenBGR_whenLetterboxed_thenPlanesAreInThatOrder() throws {
    let input = try LetterboxFixtures.input(
      try frame("32x32", color: "blue"), LetterboxFixtures.request(.square, nominal: 32, color: .bgr))
    let values = LetterboxFixtures.floats(input)
    #expect(values[0] > 250 && values[1024] < 5 && values[2048] < 5)
  }

  @Test func givenABytesModel_whenLetterboxed_thenTheTensorHoldsBytes() throws {
    let input = try LetterboxFixtures.input(
      try frame("32x16", color: "white"), LetterboxFixtures.request(.square, nominal: 32, pad: 7, element: .uint8))
    #expect(input.tensor.buffer.byteCount == 3 * 32 * 32)
    // SAFETY: copied while the buffer lends its memory.
    let bytes = unsafe input.tensor.buffer.withBytes { unsafe Array($0) }
    #expect(bytes[0] >= 254 && bytes[16 * 32 - 1] >= 254 && bytes[16 * 32] == 7 && bytes[3 * 1024 - 1] == 7)
  }

  /// The planar float tensor is the reference; the others hold the same pixels in another order or type.
  @Test(arguments: [TensorElement.float32, .float16, .uint8], [TensorLayout.nchw, .nhwc])
  func givenAnotherTypeAndLayout_whenLetterboxed_thenTheTensorHoldsTheSamePixels(
    element: TensorElement, layout: TensorLayout
  ) throws {
    let frame = try frame("157x90"), placement = InputFormat.Placement.centered
    func request(_ element: TensorElement, _ layout: TensorLayout) -> InputRequest {
      let isBytes = element == .uint8
      var request = LetterboxFixtures.request(
        .square, nominal: 64, placement: placement, pad: 114, mean: isBytes ? [0, 0, 0] : [10, 20, 30],
        scale: isBytes ? [1, 1, 1] : [0.5, 0.25, 0.125], element: element)
      request.format.layout = layout
      return request
    }
    var plain = request(element, .nchw)
    plain.format.element = .float32
    let expected = LetterboxFixtures.floats(try LetterboxFixtures.input(frame, plain))
    let input = try LetterboxFixtures.input(frame, request(element, layout))
    #expect(input.tensor.shape == (layout == .nchw ? [1, 3, 64, 64] : [1, 64, 64, 3]))
    #expect(input.tensor.buffer.byteCount == 3 * 64 * 64 * element.byteCount)
    // SAFETY: read within the buffer's own bytes, as elements of the type that it was made for.
    let values = unsafe input.tensor.buffer.withBytes { bytes in
      (0..<3 * 64 * 64).map { index -> Float in
        switch element {
        case .float32: unsafe bytes.load(fromByteOffset: index * 4, as: Float.self)
        case .float16: unsafe Float(Float16(bitPattern: bytes.load(fromByteOffset: index * 2, as: UInt16.self)))
        case .uint8: unsafe Float(bytes[index])
        }
      }
    }
    let area = 64 * 64
    let wrong = expected.indices.filter { index in
      let place = layout == .nchw ? index : index % area * 3 + index / area
      let rounded = element == .float16 ? Float(Float16(expected[index])) : expected[index]
      return values[place] != rounded
    }
    #expect(wrong.isEmpty, "\(wrong.count) of \(expected.count)")
  }

  // Sizes from one pixel to the limit, odd ones, and extreme aspect ratios.
  @Test(arguments: ["1x1", "1x300", "3000x1", "157x113", "33x2", "8000x8000", "16000x33"])
  func givenAnOddSize_whenLetterboxed_thenEveryElementIsAColor(_ size: String) throws {
    for shape in [InputShape.auto, .square] {
      let input = try LetterboxFixtures.input(
        try frame(size, color: "white"), LetterboxFixtures.request(shape, nominal: 128, pad: 0))
      let g = input.geometry
      #expect(g.inputWidth % 32 == 0 && g.inputHeight % 32 == 0 && g.inputWidth <= 128 && g.inputHeight <= 128)
      #expect(g.contentWidth >= 1 && g.contentHeight >= 1)
      let values = LetterboxFixtures.floats(input)
      // White content, black padding: their share is that of the geometry.
      let white = values.filter { $0 >= 250 }.count, black = values.filter { $0 <= 5 }.count
      #expect(white == 3 * g.contentWidth * g.contentHeight)
      #expect(white + black == values.count)
    }
  }

  @Test func givenEqualRequests_whenLetterboxed_thenOneTensorIsShared() throws {
    let a = LetterboxFixtures.request(.auto), b = LetterboxFixtures.request(.square)
    let letterbox = try LetterboxFixtures.letterbox([a, a, b])
    let worker = try letterbox.makeWorker(WorkerContext(index: 0, workerCount: 1))
    guard case .emit(let result) = try worker.process(try frame("160x90")) else {
      Issue.record("the frame was dropped")
      return
    }
    let inputs = ["t0", "t1", "t2"].map { result.attachment($0) as? ModelInput }
    #expect(inputs[0] != nil && inputs[0] === inputs[1] && inputs[2] !== inputs[0])
    #expect(inputs[0]?.tensor.shape == [1, 3, 256, 416])
    #expect(inputs[2]?.tensor.shape == [1, 3, 416, 416])
    #expect(
      letterbox.facts["input_shapes"]
        == .object([
          "t0": .list([.string("1x3x256x416")]), "t1": .list([.string("1x3x256x416")]),
          "t2": .list([.string("1x3x416x416")]),
        ]))
  }

  @Test func givenASizeThatChanges_whenLetterboxed_thenTheGeometryFollows() throws {
    let letterbox = try LetterboxFixtures.letterbox([LetterboxFixtures.request(.auto)])
    let worker = try letterbox.makeWorker(WorkerContext(index: 0, workerCount: 1))
    for (size, shape) in [("160x90", [1, 3, 256, 416]), ("90x160", [1, 3, 416, 256]), ("160x90", [1, 3, 256, 416])] {
      guard case .emit(let result) = try worker.process(try frame(size)) else {
        Issue.record("the frame was dropped")
        return
      }
      #expect((result.attachment("t0") as? ModelInput)?.tensor.shape == shape)
    }
  }

  @Test func givenAnUnknownConsumer_whenConnected_thenTheErrorNamesTheKnownOnes() throws {
    let error = try #require(throws: PipelineError.self) {
      _ = try LetterboxFixtures.letterbox([LetterboxFixtures.request(.auto)], for: ["t9"])
    }
    #expect(error.exit == .config && error.message.contains("t9") && "\(error)".contains("t0"))
  }

  @Test func givenAStageThatTakesNoTensor_whenConnected_thenRefused() throws {
    let letterbox = try Letterbox(.init(for: ["other"]), context: MediaFixtures.context("scale"))
    let other = try Letterbox(.init(), context: MediaFixtures.context("other"))
    let error = try #require(throws: PipelineError.self) {
      try letterbox.connect(to: StagePeers(stages: ["other": other], downstream: ["other"]))
    }
    #expect(error.exit == .config && error.message.contains("other"))
  }

  @Test func givenAManifestWithTwoMeans_whenConnected_thenRefused() throws {
    let request = LetterboxFixtures.request(.auto, mean: [1, 2])
    let error = try #require(throws: PipelineError.self) { _ = try LetterboxFixtures.letterbox([request]) }
    #expect(error.exit == .config && error.message.contains("2 means"))
  }

  // The reference is what the models' known answers were made with: cv2.imread, cv2.resize with INTER_AREA to int()
  // sizes. Two JPEG decoders, two orders of colour conversion and scaling, and rounding differ by 0.1 to 0.3 of 255 a
  // picture; a shift by half a pixel or a wrong colour matrix gives 2 and more.
  @Test(
    .enabled(
      if: TestData.python != nil && TestData.file("data/coco50/images") != nil, "needs .deps/python and the test data"))
  func givenPhotographs_whenLetterboxed_thenTensorsAgreeWithOpenCV() throws {
    let folder = try #require(TestData.file("data/coco50/images"))
    let output = try MediaFixtures.run(folder.path) { $0.maxFrames = 12 }
    let raw = try MediaFixtures.emptyFolder()
    let script = """
      import cv2, numpy as np, sys
      folder, out, names = sys.argv[1], sys.argv[2], sys.argv[3:]
      for n in names:
          im = cv2.imread(folder + "/" + n)
          h, w = im.shape[:2]
          r = min(416 / h, 416 / w)
          p = np.full((416, 416, 3), 114, np.uint8)
          s = cv2.resize(im, (int(w * r), int(h * r)), interpolation=cv2.INTER_AREA)
          p[:s.shape[0], :s.shape[1]] = s
          p.transpose(2, 0, 1).tofile(out + "/" + n)
      """
    let names = output.frames.map(\.header.source)
    try #require(names.count == 12)
    let python = try #require(TestData.python)
    try #require(TestData.run(python, ["-c", script, folder.path, raw.path] + names).status == 0)
    for frame in output.frames {
      let input = try LetterboxFixtures.input(frame, LetterboxFixtures.request(.square, color: .bgr))
      let reference = try Data(contentsOf: raw.appendingPathComponent(frame.header.source)).map(Float.init)
      try #require(reference.count == input.tensor.elementCount)
      #expect(
        LetterboxFixtures.meanDifference(LetterboxFixtures.floats(input), reference) < 0.5, "\(frame.header.source)")
    }
  }
}
