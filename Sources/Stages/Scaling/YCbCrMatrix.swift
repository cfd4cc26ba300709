import CFFmpeg
import CKernels
import EdgepipeCore

/// Turns luma and chroma into red, green and blue: swscale's factors, to 13 bits behind the point like its own.
struct YCbCrMatrix {
  /// Of luma; of Cr for red; of Cb and of Cr for green; of Cb for blue.
  private let factors: [Int16]
  /// Of red, green and blue: where the range begins, the middle of chroma, and half a level.
  private let offsets: [Int32]
  private let instructions: InstructionSet

  init(_ color: PictureColor, instructions: InstructionSet) {
    self.instructions = instructions
    // SAFETY: the table is static and has four numbers: what chroma of limited range adds, 16 bits behind the point.
    let table = unsafe sws_getCoefficients(color.matrix)
    var chroma = (0..<4).map { unsafe Int64(table?[$0] ?? 0) }
    chroma[2].negate()
    chroma[3].negate()
    if color.isFullRange { chroma = chroma.map { $0 * 224 / 255 } }
    let luma: Int64 = color.isFullRange ? 1 << 16 : (255 << 16) / 219
    // red Cr, blue Cb, green Cb, green Cr
    let rounded = ([luma] + chroma).map { ($0 + 4) >> 3 }
    factors = [rounded[0], rounded[1], rounded[3], rounded[4], rounded[2]].map { Int16(clamping: $0) }
    let black: Int64 = color.isFullRange ? 0 : 16 << 7
    let middle: Int64 = 128 << 7
    offsets = [rounded[1], rounded[3] + rounded[4], rounded[2]].map {
      Int32(clamping: (1 << 19) - black * rounded[0] - middle * $0)
    }
  }

  /// Makes `count` pixels of numbers in 0...255 with 7 bits behind the point.
  func apply(
    luma: UnsafePointer<Int16>, cb: UnsafePointer<Int16>, cr: UnsafePointer<Int16>, red: UnsafeMutablePointer<UInt8>,
    green: UnsafeMutablePointer<UInt8>, blue: UnsafeMutablePointer<UInt8>, count: Int
  ) {
    // SAFETY: all six hold `count` numbers, which is the caller's promise.
    #if arch(x86_64)
      switch instructions {
      case .avx512: return unsafe ek_rgb_avx512(luma, cb, cr, factors, offsets, red, green, blue, count)
      case .avx2: return unsafe ek_rgb_avx2(luma, cb, cr, factors, offsets, red, green, blue, count)
      default: break
      }
    #elseif arch(arm64)
      if instructions == .neon {
        return unsafe ek_rgb_neon(luma, cb, cr, factors, offsets, red, green, blue, count)
      }
    #endif
    let (ofLuma, redCr, greenCb) = (Int32(factors[0]), Int32(factors[1]), Int32(factors[2]))
    let (greenCr, blueCb) = (Int32(factors[3]), Int32(factors[4]))
    let (ofRed, ofGreen, ofBlue) = (offsets[0], offsets[1], offsets[2])
    for x in 0..<count {
      let y = unsafe Int32(luma[x]) &* ofLuma, u = unsafe Int32(cb[x]), v = unsafe Int32(cr[x])
      unsafe red[x] = UInt8(clamping: (y &+ v &* redCr &+ ofRed) >> 20)
      unsafe green[x] = UInt8(clamping: (y &+ u &* greenCb &+ v &* greenCr &+ ofGreen) >> 20)
      unsafe blue[x] = UInt8(clamping: (y &+ u &* blueCb &+ ofBlue) >> 20)
    }
  }
}
