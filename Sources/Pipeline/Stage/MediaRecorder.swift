/// Where a source puts what its pictures are made of while the run is recorded.
public protocol MediaRecorder: Sendable {
  /// Before the frame that needs it is put out. Files may wait for the disk here, live streams never do.
  func record(_ bytes: [UInt8])
}
