import CFFmpeg
import EdgepipeCore
import Pipeline

/// A packet in a trace: everything that a decoder sees of it.
extension Packet {
  func encode(into out: inout TraceEncoder) {
    unsafe withHandle { handle in
      let packet = unsafe handle.pointee
      unsafe out.integer(packet.pts)
      unsafe out.integer(packet.dts)
      unsafe out.integer(packet.duration)
      unsafe out.integer(packet.pos)
      unsafe out.integer(Int(packet.flags))
      // SAFETY: the packet holds `size` bytes at `data`, and each of its side data `size` bytes at its own.
      unsafe out.blob(UnsafeRawBufferPointer(start: packet.data, count: packet.data == nil ? 0 : Int(packet.size)))
      unsafe out.integer(Int(packet.side_data_elems))
      for index in 0..<(unsafe Int(packet.side_data_elems)) {
        let side = unsafe packet.side_data[index]
        unsafe out.integer(Int(side.type.rawValue))
        unsafe out.blob(UnsafeRawBufferPointer(start: side.data, count: side.size))
      }
    }
  }

  /// Replaces what the packet holds.
  func decode(_ from: inout TraceDecoder) throws(PipelineError) {
    let pts = try from.integer(), dts = try from.integer(), duration = try from.integer(), position = try from.integer()
    let flags = try from.int32(), data = try from.blob()
    let sides = try from.integer(in: 0...64)
    let made = unsafe withHandle { handle -> Bool in
      unsafe av_packet_unref(handle)
      // SAFETY: on success the packet owns `data.count` bytes and padding behind them.
      guard unsafe av_new_packet(handle, Int32(clamping: data.count)) >= 0 else { return false }
      if let memory = unsafe handle.pointee.data, !data.isEmpty { unsafe memory.update(from: data, count: data.count) }
      unsafe handle.pointee.pts = pts
      unsafe handle.pointee.dts = dts
      unsafe handle.pointee.duration = duration
      unsafe handle.pointee.pos = position
      unsafe handle.pointee.flags = flags
      return true
    }
    guard made else { throw .outOfMemory("a packet") }
    for _ in 0..<sides {
      let type = AVPacketSideDataType(rawValue: UInt32(try from.integer(in: 0...1023))), bytes = try from.blob()
      let added = unsafe withHandle { handle -> Bool in
        // SAFETY: the new side data belongs to the packet and has room for the bytes.
        guard let memory = unsafe av_packet_new_side_data(handle, type, bytes.count) else { return false }
        unsafe memory.update(from: bytes, count: bytes.count)
        return true
      }
      guard added else { throw .outOfMemory("a packet") }
    }
  }
}
