@testable import EdgepipeCompression
@testable import EdgepipeCore
import Testing

@testable import Detectors

@Suite struct CalibrationCheckTests {
  /// A picture of 32 x 16 in the middle of 32 x 32, its padding in another colour.
  private func picture(_ content: (Int) -> UInt8) -> ModelInput {
    let request = InputRequest(
      format: InputFormat(color: .rgb, placement: .centered, pad: 0, element: .uint8), shape: .square, nominalSize: 32)
    let geometry = LetterboxGeometry(sourceWidth: 64, sourceHeight: 32, request: request)
    let tensor = Tensor(shape: [1, 3, 32, 32], element: .uint8, pool: BufferPool())
    // SAFETY: every byte of the tensor's own memory is written.
    unsafe tensor.buffer.withBytes { bytes in
      for index in 0..<3 * 1024 {
        let isContent = (8..<24).contains(index % 1024 / 32)
        unsafe bytes[index] = isContent ? content(index) : 0
      }
    }
    return ModelInput(tensor: tensor, geometry: geometry)
  }

  private var colourful: ModelInput { picture { UInt8($0 % 251) } }

  @Test func givenEnoughPicturesWithObjects_whenChecked_thenNothingIsSaid() {
    #expect(CalibrationCheck.warnings(Array(repeating: colourful, count: 4), found: 3).isEmpty)
  }

  @Test func givenOnePicture_whenChecked_thenItIsTooFewAndTheCostIsSaid() {
    let warnings = CalibrationCheck.warnings([colourful], found: 3)
    #expect(warnings.count == 1 && warnings[0].contains("too few") && warnings[0].contains("AP"))
  }

  @Test func givenPlainPictures_whenChecked_thenThePaddingIsNoContent() {
    let warnings = CalibrationCheck.warnings(Array(repeating: picture { _ in 114 }, count: 4), found: 0)
    #expect(warnings.count == 1 && warnings[0].contains("single colour"), "\(warnings)")
  }

  @Test func givenPicturesOnWhichNothingIsFound_whenChecked_thenThatIsSaid() {
    let warnings = CalibrationCheck.warnings(Array(repeating: colourful, count: 8), found: 0)
    #expect(warnings.count == 1 && warnings[0].contains("detects nothing"))
  }
}
