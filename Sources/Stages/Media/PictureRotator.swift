import EdgepipeCore

/// Turns the pictures of one stream upright, with one filter as long as they stay alike. Used by one thread.
struct PictureRotator {
  private var filter: RotationFilter?

  mutating func upright(_ picture: DecodedPicture, _ orientation: Orientation?) throws(PipelineError) -> DecodedPicture
  {
    guard let orientation else { return picture }
    if let filter, filter.fits(orientation, picture) { return try filter.upright(picture) }
    let made = try RotationFilter(orientation, like: picture)
    filter = made
    return try made.upright(picture)
  }
}
