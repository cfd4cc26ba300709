import PipelineTestSupport
import Testing

@testable import Stages

@Suite("Parameters in packets")
struct ParameterSetsTests {
  private let sps: [UInt8] = [0x67, 0x42, 0, 0x1F, 0x96], pps: [UInt8] = [0x68, 0xCE, 0x38],
    slice: [UInt8] = [0x65, 1, 2]

  private func find(_ bytes: [UInt8], isHEVC: Bool = false) -> [UInt8] {
    unsafe bytes.withUnsafeBytes { unsafe ParameterSets.find($0, isHEVC: isHEVC) }
  }

  @Test("given parameter sets before a slice, when looked for, then they are found with start codes of four bytes")
  func found() {
    let whole: [UInt8] = [0, 0, 0, 1] + sps + [0, 0, 0, 1] + pps
    #expect(find([0, 0, 0, 1, 9, 0xF0, 0, 0, 0, 1] + sps + [0, 0, 1] + pps + [0, 0, 1] + slice) == whole)
    #expect(find([0, 0, 1] + sps + [0, 0, 0, 1] + pps) == whole)
    #expect(ParameterSets.isWhole(whole, isHEVC: false))
    #expect(!ParameterSets.isWhole([0, 0, 0, 1] + sps, isHEVC: false))
  }

  @Test("given none before the first slice, when looked for, then there are none")
  func none() {
    #expect(find([0, 0, 0, 1] + slice + [0, 0, 0, 1] + sps) == [])
    for bytes: [UInt8] in [[], [0], [0, 0], [0, 0, 1], [0, 0, 0, 1], [1, 2, 3, 4, 5]] { #expect(find(bytes) == []) }
  }

  @Test("given HEVC, when looked for, then its three sets are found")
  func hevc() {
    let sets: [[UInt8]] = [[0x40, 1, 9], [0x42, 1, 8], [0x44, 1, 7]], slice: [UInt8] = [0x26, 1, 5]
    let whole: [UInt8] = sets.flatMap { [0, 0, 0, 1] + $0 }
    #expect(find(whole + [0, 0, 1] + slice, isHEVC: true) == whole)
    #expect(ParameterSets.isWhole(whole, isHEVC: true))
  }

  @Test("given AAC's own header, when read, then the file's words for it are those of its profile, rate and channels")
  func adts() throws {
    // Low complexity, 44,100 Hz, two channels, without a checksum.
    let bytes: [UInt8] = [0xFF, 0xF1, 0x50, 0x80, 0x02, 0x1F, 0xFC, 0x21]
    let read = unsafe bytes.withUnsafeBytes { unsafe ADTSHeader($0) }
    let header = try #require(read)
    #expect(header.length == 7 && header.configuration == [0x12, 0x10])
    #expect(ADTSHeader.configuration(sampleRate: 44_100, channels: 2) == [0x12, 0x10])
    #expect(ADTSHeader.configuration(sampleRate: 12_345, channels: 2) == nil)
    let short = Array(bytes.prefix(6))
    let none = unsafe short.withUnsafeBytes { unsafe ADTSHeader($0) }
    #expect(none == nil)
  }

  @Test("given the values of G.711's tables, when made linear, then they are those of the recommendation")
  func g711() {
    // ITU-T G.711, tables 1 and 2: the ends of both laws and their smallest steps, on 16 bits.
    #expect([0x2A, 0xAA, 0xD5, 0x55].map { G711.aLaw($0) * 32_768 } == [-32_256, 32_256, 8, -8])
    #expect([0x00, 0x80, 0xFF, 0xFE].map { G711.muLaw($0) * 32_768 } == [-32_124, 32_124, 0, 8])
  }
}
