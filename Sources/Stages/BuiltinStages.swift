public import Pipeline

extension StageRegistry {
  /// Every stage that comes with edgepipe. A new stage costs one file, one test file and one line here.
  public static let builtin: StageRegistry = {
    var registry = StageRegistry()
    registry.register(FFmpegSource.self)
    registry.register(SyntheticSource.self)
    registry.register(Letterbox.self)
    registry.register(DetectYOLO.self)
    registry.register(DetectFace.self)
    registry.register(DetectNull.self)
    registry.register(SortStage.self)
    registry.register(ByteTrackStage.self)
    registry.register(ZonesStage.self)
    registry.register(LinesStage.self)
    registry.register(ReleaseStage.self)

    registry.register(AnonymizeStage.self)
    registry.register(PictureMonitor.self)
    registry.register(ScoreMonitor.self)
    registry.register(JSONLinesSink.self)
    registry.register(VideoSink.self)
    registry.register(SnapshotSink.self)
    registry.register(CSVSink.self)
    registry.register(COCOSink.self)
    registry.register(MOTSink.self)
    registry.register(StreamSink.self)
    registry.register(RecordSink.self)
    registry.register(ClipSink.self)
    registry.register(NullSink.self)
    return registry
  }()
}
