// The binary interface of librdkafka (librdkafka.so.1), as much of it as edgepipe calls. The library is opened at run
// time; its functions are found by name. What is used exists since 1.5.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rd_kafka_s EPKafkaClient;
typedef struct rd_kafka_conf_s EPKafkaConf;
typedef struct rd_kafka_error_s EPKafkaError;
typedef struct rd_kafka_topic_s EPKafkaTopic;

/// The delivery report of one message.
typedef struct EPKafkaMessage {
  int error;
  EPKafkaTopic *_Nullable topic;
  int32_t partition;
  void *_Nullable payload;
  size_t length;
  void *_Nullable key;
  size_t key_length;
  int64_t offset;
  /// What the producer gave with it.
  void *_Nullable opaque;
} EPKafkaMessage;

enum { EPKafkaProducer = 0 };
enum { EPKafkaConfUnknown = -2, EPKafkaConfInvalid = -1, EPKafkaConfOK = 0 };
enum { EPKafkaMessageCopy = 2 };
enum { EPKafkaPurgeQueue = 1, EPKafkaPurgeInFlight = 2 };
enum { EPKafkaFieldTopic = 1, EPKafkaFieldValue = 4, EPKafkaFieldKey = 5, EPKafkaFieldOpaque = 6, EPKafkaFieldFlags = 7, EPKafkaFieldHeader = 9 };

/// One field of a message.
typedef struct EPKafkaField {
  int kind;
  union {
    const char *_Nullable text;
    int flags;
    struct {
      const void *_Nullable bytes;
      size_t size;
    } memory;
    struct {
      const char *_Nullable name;
      const void *_Nullable bytes;
      intptr_t size;
    } header;
    void *_Nullable pointer;
    /// The library's union has this size.
    char padding[64];
  } value;
} EPKafkaField;

typedef void (*EPKafkaOnDelivery)(EPKafkaClient *_Nonnull client, const EPKafkaMessage *_Nonnull message, void *_Nullable owner);
typedef void (*EPKafkaOnError)(EPKafkaClient *_Nonnull client, int error, const char *_Nullable reason, void *_Nullable owner);
typedef void (*EPKafkaOnLog)(const EPKafkaClient *_Nullable client, int level, const char *_Nullable facility, const char *_Nullable text);

/// F(result, name, arguments): every function, by its name without `rd_kafka_`.
#define EP_KAFKA_FUNCTIONS(F) \
  F(const char *_Nonnull, version_str, (void)) \
  F(const char *_Nonnull, err2str, (int error)) \
  F(EPKafkaConf *_Nonnull, conf_new, (void)) \
  F(void, conf_destroy, (EPKafkaConf *_Nonnull conf)) \
  F(int, conf_set, (EPKafkaConf *_Nonnull conf, const char *_Nonnull name, const char *_Nonnull value, char *_Nonnull message, size_t size)) \
  F(void, conf_set_opaque, (EPKafkaConf *_Nonnull conf, void *_Nullable owner)) \
  F(void, conf_set_dr_msg_cb, (EPKafkaConf *_Nonnull conf, EPKafkaOnDelivery _Nonnull callback)) \
  F(void, conf_set_error_cb, (EPKafkaConf *_Nonnull conf, EPKafkaOnError _Nonnull callback)) \
  F(void, conf_set_log_cb, (EPKafkaConf *_Nonnull conf, EPKafkaOnLog _Nullable callback)) \
  F(EPKafkaClient *_Nullable, new, (int type, EPKafkaConf *_Nonnull conf, char *_Nonnull message, size_t size)) \
  F(void, destroy, (EPKafkaClient *_Nonnull client)) \
  F(EPKafkaError *_Nullable, produceva, (EPKafkaClient *_Nonnull client, const EPKafkaField *_Nonnull fields, size_t count)) \
  F(int, poll, (EPKafkaClient *_Nonnull client, int milliseconds)) \
  F(int, purge, (EPKafkaClient *_Nonnull client, int flags)) \
  F(int, fatal_error, (EPKafkaClient *_Nonnull client, char *_Nullable message, size_t size)) \
  F(int, error_code, (const EPKafkaError *_Nonnull error)) \
  F(void, error_destroy, (EPKafkaError *_Nonnull error))

typedef struct EPKafka {
#define F(result, name, arguments) result(*_Nonnull name) arguments;
  EP_KAFKA_FUNCTIONS(F)
#undef F
} EPKafka;

/// The symbol of each member, in order.
#define F(result, name, arguments) "rd_kafka_" #name,
static const char *_Nonnull const ep_kafka_symbols[] = {EP_KAFKA_FUNCTIONS(F)};
#undef F
static inline const char *_Nonnull ep_kafka_symbol(int index) { return ep_kafka_symbols[index]; }

_Static_assert(sizeof(EPKafka) == sizeof(ep_kafka_symbols), "one pointer a function");
_Static_assert(sizeof(EPKafkaField) == 72, "as in the library");
