import CFFmpeg
import Testing

@testable import Stages

struct PacketRepetitionTests {
  private let start: [UInt8] = [0, 0, 0, 1]
  private let delimiter: [UInt8] = [0, 0, 0, 1, 9, 0x30]
  private let sets: [UInt8] = [0, 0, 0, 1, 0x67] + Array(repeating: 0x42, count: 40) + [0, 0, 0, 1, 0x68, 1, 2, 3]

  /// A slice of a picture, whose number stands in its head.
  private func slice(_ picture: UInt8, _ length: Int = 200, type: UInt8 = 0x41) -> [UInt8] {
    start + [type, 0x9A, picture] + (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7 | 1) }
  }

  private func packet(_ bytes: [UInt8], stamp: Int64? = 5) throws -> Packet {
    let packet = try Packet()
    let isMade = unsafe packet.withHandle { handle -> Bool in
      guard unsafe av_new_packet(handle, Int32(bytes.count)) >= 0 else { return false }
      // SAFETY: the packet has room for all bytes.
      if let data = unsafe handle.pointee.data { unsafe data.update(from: bytes, count: bytes.count) }
      unsafe handle.pointee.pts = stamp ?? ep_nopts()
      return true
    }
    try #require(isMade)
    return packet
  }

  private func find(_ bytes: [UInt8], after last: [UInt8], stamp: Int64? = 5, codec: String = "h264") throws
    -> PacketRepetition?
  {
    PacketRepetition.find(try packet(bytes, stamp: stamp), after: try packet(last), codec: codec)
  }

  @Test func givenTheSameBytesAndStamp_whenCompared_thenTheWholePacketCameTwice() throws {
    #expect(try find(slice(1), after: slice(1)) == .whole)
    #expect(try find(slice(1), after: delimiter + slice(1)) == .whole, "only its last RTP packet came twice")
    #expect(try find([0xFF, 0xD8, 1, 2], after: [0xFF, 0xD8, 1, 2], codec: "mjpeg") == .whole)
  }

  @Test func givenTheSameBytesAtAnotherTime_whenCompared_thenTheyAreAnotherPicture() throws {
    #expect(try find(slice(1), after: slice(1), stamp: 6) == nil)
    #expect(try find(slice(1), after: slice(1), stamp: nil) == nil)
  }

  // The camera gave two pictures one stamp: nothing came twice.
  @Test func givenAnotherPictureWithTheSameStamp_whenCompared_thenNothingCameTwice() throws {
    #expect(try find(slice(2), after: slice(1)) == nil)
    #expect(try find(delimiter + slice(2), after: delimiter + slice(1)) == nil)
    #expect(try find(delimiter + sets + slice(2, type: 0x65), after: delimiter + sets + slice(1, type: 0x65)) == nil)
    #expect(try find([0xFF, 0xD8, 1, 3], after: [0xFF, 0xD8, 1, 2], codec: "mjpeg") == nil)
    #expect(try find([0, 0, 0, 1, 0x02, 1, 9, 9, 9], after: [0, 0, 0, 1, 0x02, 1, 8, 8, 8], codec: "hevc") == nil)
  }

  // The first RTP packet of a picture came twice: the picture is cut where it begins anew.
  @Test func givenAPictureThatBeginsAnew_whenCompared_thenAPartCameTwice() throws {
    #expect(try find(slice(1), after: delimiter + Array(slice(1).prefix(100))) == .part)
    let hevc: [UInt8] = start + [0x26, 1] + Array(repeating: 7, count: 90)
    #expect(try find(hevc, after: Array(hevc.prefix(60)), codec: "hevc") == .part)
  }

  @Test func givenScrapsOfPackets_whenCompared_thenNothingIsReadBeyondThem() throws {
    for length in 0..<12 {
      let scrap = Array((start + [0x41, 1, 2, 3, 4, 5, 6, 7]).prefix(length))
      _ = try find(scrap, after: slice(1))
      _ = try find(slice(1), after: scrap)
    }
    #expect(try find([], after: []) == nil)
  }
}
