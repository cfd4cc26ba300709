/// URLs as camera makers write them, each with the same secret in its place.
public enum SecretURLs {
  /// - Parameter place: what comes between scheme and path, such as `127.0.0.1:554`.
  public static func all(secret: String, place: String) -> [String] {
    [
      // User info.
      "rtsp://admin:\(secret)@\(place)/Streaming/Channels/101", "rtsp://:\(secret)@\(place)/11",
      "http://admin:\(secret)@\(place)/mjpg/video.mjpg",
      "rtsp://admin:\(secret)@\(place)/cam/realmonitor?channel=1&subtype=0",
      // Path.
      "rtsp://\(place)/user=admin&password=\(secret)&channel=1&stream=0.sdp?real_stream",
      "rtsp://\(place)/user=admin_password=\(secret)_channel=1_stream=0.sdp?real_stream",
      "rtsp://\(place)/user=admin_password=\(secret)_channel=1_stream=0.sdp",
      "rtsp://\(place)/user=admin&password=\(secret)&id=1&type=0", "rtsp://\(place)/live/token/\(secret)/ch0",
      "rtsp://\(place)/h264?username=admin&password=\(secret)", "rtsp://\(place)/access_token=\(secret)/1",
      "http://\(place)/user%3Dadmin%26password%3D\(secret)%26channel%3D1",
      // Query.
      "http://\(place)/videostream.cgi?user=admin&pwd=\(secret)",
      "http://\(place)/videostream.asf?usr=admin&pwd=\(secret)&rate=0",
      "http://\(place)/cam?loginuse=admin&loginpas=\(secret)",
      "http://\(place)/video.cgi?user=admin&pas=\(secret)&res=1",
      "http://\(place)/cgi-bin/api.cgi?cmd=Snap&channel=0&rs=a1&user=admin&password=\(secret)",
      "http://\(place)/snap?user=admin&pass=\(secret)", "http://\(place)/snap?user=admin&passwd=\(secret)",
      "http://\(place)/snap?user=admin&psw=\(secret)&x=1", "http://\(place)/snap?User=admin&Password=\(secret)",
      "rtsp://\(place)/cam/realmonitor?channel=1&subtype=0&authbasic=\(secret)",
      "http://\(place)/live?token=\(secret)", "http://\(place)/live?access_token=\(secret)&x=1",
      "http://\(place)/live?auth=\(secret)", "http://\(place)/live?auth_key=\(secret)",
      "http://\(place)/live?apikey=\(secret)",
      "http://\(place)/live?api_key=\(secret)", "http://\(place)/live?key=\(secret)",
      "http://\(place)/live?sig=\(secret)",
      "http://\(place)/live?X-Amz-Signature=\(secret)&e=1", "http://\(place)/live?session=\(secret)",
      "http://\(place)/live?sessionId=\(secret)", "http://\(place)/live?wsSecret=\(secret)&wsTime=1",
      "http://\(place)/live?a=1;token=\(secret)", "http://\(place)/live#token=\(secret)",
      "srt://\(place)?passphrase=\(secret)&mode=caller", "srt://\(place)?streamid=read:cam:admin:\(secret)",
      "rtmp://\(place)/bcs/channel0_main.bcs?channel=0&stream=0&user=admin&password=\(secret)",
      "http://\(place)/api/stream?src=rtsp%3A%2F%2Fadmin%3A\(secret.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%25"))%4010.0.0.5%2F1",
    ]
  }
}
