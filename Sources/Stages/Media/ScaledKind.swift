/// What a scaler is made for: pictures of one size, pixel format and meaning of their numbers.
struct ScaledKind: Equatable {
  var width: Int32
  var height: Int32
  /// An AVPixelFormat.
  var format: Int32
  var color: PictureColor

  init(_ picture: DecodedPicture) {
    width = Int32(clamping: picture.width)
    height = Int32(clamping: picture.height)
    format = unsafe picture.withFrame { unsafe $0.pointee.format }
    color = picture.color
  }
}
