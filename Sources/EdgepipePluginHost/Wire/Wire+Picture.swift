extension WireWriter {
  package mutating func write(_ picture: SharedPicture) {
    let facts = picture.facts
    write(facts.format)
    write(facts.width)
    write(facts.height)
    write(facts.range.rawValue)
    for value in [facts.matrix, facts.primaries, facts.transfer, facts.rotation] { write(value) }
    write(list: picture.planes) { writer, plane in
      for value in [plane.offset, plane.stride, plane.rowBytes, plane.rows] { writer.write(value) }
    }
  }
}

extension WireReader {
  package mutating func picture() throws(WireFailure) -> SharedPicture {
    let facts = SharedPicture.Facts(
      format: try text(), width: try int(), height: try int(), range: try value(PluginPicture.Range.self),
      matrix: try uint32(), primaries: try uint32(), transfer: try uint32(), rotation: try uint32())
    let planes = try list(least: 32) { (reader: inout WireReader) throws(WireFailure) in
      SharedPicture.Plane(
        offset: try reader.int(), stride: try reader.int(), rowBytes: try reader.int(), rows: try reader.int())
    }
    return SharedPicture(facts: facts, planes: planes)
  }
}
