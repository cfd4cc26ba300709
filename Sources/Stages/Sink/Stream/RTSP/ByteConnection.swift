import EdgepipeCore

/// A connection to a server that never blocks.
protocol ByteConnection: AnyObject {
  /// Takes as many of the bytes as there is room for now; 0 for none.
  func write(_ bytes: ArraySlice<UInt8>) throws(StreamLoss) -> Int
  /// What has come since the last call, which may be nothing; nil after the end.
  func read() throws(StreamLoss) -> [UInt8]?
}
