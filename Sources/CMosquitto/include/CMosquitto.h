// The binary interface of libmosquitto 2 (libmosquitto.so.1), as much of it as edgepipe calls. The library is opened at
// run time; its functions are found by name.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mosquitto EPMosquittoClient;
/// Properties of a packet of MQTT 5: a list that the library owns or makes.
typedef struct mqtt5__property EPMosquittoProperty;

typedef struct EPMosquittoMessage {
  int mid;
  char *_Nonnull topic;
  void *_Nullable payload;
  int payload_length;
  int qos;
  bool retain;
} EPMosquittoMessage;

enum {
  EPMosquittoSuccess = 0,
  EPMosquittoInvalid = 3,
  EPMosquittoConnectionRefused = 5,
  EPMosquittoConnectionLost = 7,
  EPMosquittoPayloadTooLong = 9,
  EPMosquittoErrno = 14,
  EPMosquittoMalformedText = 18,
  EPMosquittoQoSNotSupported = 24,
  EPMosquittoOversizePacket = 25,
};
enum { EPMosquittoOptionProtocol = 1, EPMosquittoOptionSendMaximum = 5, EPMosquittoOptionNoDelay = 11, EPMosquittoOptionSystemCA = 13 };
enum { EPMosquittoProtocol311 = 4, EPMosquittoProtocol5 = 5 };
enum { EPMosquittoPropertyContentType = 3, EPMosquittoPropertyUser = 38 };
enum { EPMosquittoVerifyPeer = 1 };
enum { EPMosquittoLogError = 8 };

typedef void (*EPMosquittoOnConnect)(EPMosquittoClient *_Nonnull client, void *_Nullable owner, int code, int flags, const EPMosquittoProperty *_Nullable properties);
typedef void (*EPMosquittoOnDisconnect)(EPMosquittoClient *_Nonnull client, void *_Nullable owner, int code, const EPMosquittoProperty *_Nullable properties);
typedef void (*EPMosquittoOnPublish)(EPMosquittoClient *_Nonnull client, void *_Nullable owner, int mid, int code, const EPMosquittoProperty *_Nullable properties);
typedef void (*EPMosquittoOnMessage)(EPMosquittoClient *_Nonnull client, void *_Nullable owner, const EPMosquittoMessage *_Nonnull message);
typedef void (*EPMosquittoOnLog)(EPMosquittoClient *_Nonnull client, void *_Nullable owner, int level, const char *_Nullable text);
typedef int (*EPMosquittoPassphrase)(char *_Nonnull buffer, int size, int is_writing, void *_Nullable client);

/// F(result, name, arguments): every function, by its name without `mosquitto_`.
#define EP_MOSQUITTO_FUNCTIONS(F) \
  F(int, lib_version, (int *_Nonnull major, int *_Nonnull minor, int *_Nonnull revision)) \
  F(int, lib_init, (void)) \
  F(EPMosquittoClient *_Nullable, new, (const char *_Nonnull id, bool clean_session, void *_Nullable owner)) \
  F(void, destroy, (EPMosquittoClient *_Nonnull client)) \
  F(int, int_option, (EPMosquittoClient *_Nonnull client, int option, int value)) \
  F(int, will_set, (EPMosquittoClient *_Nonnull client, const char *_Nonnull topic, int length, const void *_Nullable payload, int qos, bool retain)) \
  F(int, username_pw_set, (EPMosquittoClient *_Nonnull client, const char *_Nullable user, const char *_Nullable password)) \
  F(int, tls_set, (EPMosquittoClient *_Nonnull client, const char *_Nullable ca_file, const char *_Nullable ca_folder, const char *_Nullable certificate, const char *_Nullable key, EPMosquittoPassphrase _Nullable passphrase)) \
  F(int, tls_opts_set, (EPMosquittoClient *_Nonnull client, int verify, const char *_Nullable version, const char *_Nullable ciphers)) \
  F(void, connect_v5_callback_set, (EPMosquittoClient *_Nonnull client, EPMosquittoOnConnect _Nullable callback)) \
  F(void, disconnect_v5_callback_set, (EPMosquittoClient *_Nonnull client, EPMosquittoOnDisconnect _Nullable callback)) \
  F(void, publish_v5_callback_set, (EPMosquittoClient *_Nonnull client, EPMosquittoOnPublish _Nullable callback)) \
  F(void, message_callback_set, (EPMosquittoClient *_Nonnull client, EPMosquittoOnMessage _Nullable callback)) \
  F(void, log_callback_set, (EPMosquittoClient *_Nonnull client, EPMosquittoOnLog _Nullable callback)) \
  F(int, connect_bind_v5, (EPMosquittoClient *_Nonnull client, const char *_Nonnull host, int port, int keepalive, const char *_Nullable bind_address, const EPMosquittoProperty *_Nullable properties)) \
  F(int, disconnect, (EPMosquittoClient *_Nonnull client)) \
  F(int, publish_v5, (EPMosquittoClient *_Nonnull client, int *_Nullable mid, const char *_Nonnull topic, int length, const void *_Nullable payload, int qos, bool retain, const EPMosquittoProperty *_Nullable properties)) \
  F(int, subscribe, (EPMosquittoClient *_Nonnull client, int *_Nullable mid, const char *_Nonnull filter, int qos)) \
  F(int, loop_read, (EPMosquittoClient *_Nonnull client, int most)) \
  F(int, loop_write, (EPMosquittoClient *_Nonnull client, int most)) \
  F(int, loop_misc, (EPMosquittoClient *_Nonnull client)) \
  F(int, socket, (EPMosquittoClient *_Nonnull client)) \
  F(bool, want_write, (EPMosquittoClient *_Nonnull client)) \
  F(int, property_add_string, (EPMosquittoProperty *_Nullable *_Nonnull list, int identifier, const char *_Nonnull value)) \
  F(int, property_add_string_pair, (EPMosquittoProperty *_Nullable *_Nonnull list, int identifier, const char *_Nonnull name, const char *_Nonnull value)) \
  F(void, property_free_all, (EPMosquittoProperty *_Nullable *_Nonnull list)) \
  F(const char *_Nonnull, strerror, (int error)) \
  F(const char *_Nonnull, connack_string, (int code)) \
  F(const char *_Nonnull, reason_string, (int code))

typedef struct EPMosquitto {
#define F(result, name, arguments) result(*_Nonnull name) arguments;
  EP_MOSQUITTO_FUNCTIONS(F)
#undef F
} EPMosquitto;

/// The symbol of each member, in order.
#define F(result, name, arguments) "mosquitto_" #name,
static const char *_Nonnull const ep_mosquitto_symbols[] = {EP_MOSQUITTO_FUNCTIONS(F)};
#undef F
static inline const char *_Nonnull ep_mosquitto_symbol(int index) { return ep_mosquitto_symbols[index]; }

_Static_assert(sizeof(EPMosquitto) == sizeof(ep_mosquitto_symbols), "one pointer a function");
