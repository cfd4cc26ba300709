/// The checksum of Ethernet, gzip and PNG (IEEE 802.3, reflected polynomial EDB88320), four bytes at a time.
package enum CRC32 {
  private static let tables: [[UInt32]] = {
    var first: [UInt32] = []
    for index in 0..<UInt32(256) {
      var value = index
      for _ in 0..<8 { value = value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
      first.append(value)
    }
    var tables = [first]
    for slice in 1..<4 {
      tables.append(tables[slice - 1].map { first[Int($0 & 0xFF)] ^ ($0 >> 8) })
    }
    return tables
  }()

  /// Of `kind` and then the payload.
  package static func checksum(_ kind: UInt8, _ payload: [UInt8]) -> UInt32 {
    let t0 = tables[0], t1 = tables[1], t2 = tables[2], t3 = tables[3]
    var crc: UInt32 = ~0
    crc = t0[Int((crc ^ UInt32(kind)) & 0xFF)] ^ (crc >> 8)
    var index = 0
    while index + 4 <= payload.count {
      let low = UInt32(payload[index]) | UInt32(payload[index + 1]) << 8
      let high = UInt32(payload[index + 2]) << 16 | UInt32(payload[index + 3]) << 24
      crc ^= low | high
      let near = t3[Int(crc & 0xFF)] ^ t2[Int(crc >> 8 & 0xFF)]
      let far = t1[Int(crc >> 16 & 0xFF)] ^ t0[Int(crc >> 24)]
      crc = near ^ far
      index += 4
    }
    while index < payload.count {
      crc = t0[Int((crc ^ UInt32(payload[index])) & 0xFF)] ^ (crc >> 8)
      index += 1
    }
    return ~crc
  }
}
