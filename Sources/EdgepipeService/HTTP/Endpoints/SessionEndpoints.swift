#if WebServer
  import EdgepipeCore
  import Hummingbird

  extension ServiceContent {
    var sessionEndpoints: [Endpoint] {
      [
        Endpoint(
          method: .post, path: "/v1/session", id: "signIn", tag: "session", role: .anyone,
          summary: "Exchanges a token for a cookie, for pages in a browser.",
          body: ObjectSchema([.init("token", .string, required: true, "A token.")]),
          answer: .json(Shape.object(["role": Shape.text]), "The cookie is set; it lasts 12 hours."),
          refusals: [.unauthorized]
        ) { call in
          let (cookie, role) = try access.signIn(call.body?["token"]?.string ?? "", from: call.address)
          var response = Response.json(.object(["role": .string(role.rawValue)]))
          response.headers[.setCookie] = Self.cookie(cookie, seconds: Sessions.hours * 3600, call)
          return response
        },
        Endpoint(
          method: .delete, path: "/v1/session", id: "signOut", tag: "session", role: .anyone,
          summary: "Ends the session of the cookie.",
          answer: Endpoint.Answer(status: .noContent, type: nil, summary: "The cookie is worth nothing any more.")
        ) { call in
          access.signOut(call.request)
          return Response(status: .noContent, headers: [.setCookie: Self.cookie("", seconds: 0, call)])
        },
        Endpoint(
          method: .get, path: "/v1/session", id: "getSession", tag: "session", role: .viewer,
          summary: "The role that the request has.", answer: .json(Shape.object(["role": Shape.text]), "The role.")
        ) { call in .json(.object(["role": .string(access.role(of: call.request).rawValue)])) },
      ]
    }

    private static func cookie(_ value: String, seconds: Int, _ call: Call) -> String {
      "\(AccessControl.cookieName)=\(value); HttpOnly; SameSite=Strict; Path=\(call.basePath.isEmpty ? "/" : call.basePath); "
        + "Max-Age=\(seconds)" + (call.isEncrypted ? "; Secure" : "")
    }
  }
#endif
