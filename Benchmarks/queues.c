// The least that any threaded pipeline costs: STREAMS producers at FPS frames a second each, a worker and a sink, with a
// bounded queue of mutex and condition variables before each of the two. What edgepipe's graph is compared with.
//
// usage: queues STREAMS FPS SECONDS
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CAPACITY = 4 };

typedef struct { long stream, sequence; struct timespec captured; } item;

typedef struct {
  pthread_mutex_t mutex;
  pthread_cond_t not_empty, not_full;
  item *items[CAPACITY];
  int head, count, producers;
} queue;

static queue worked = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER};
static queue finished = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER};
static long fps, frames, delivered;

static void push(queue *q, item *i) {
  pthread_mutex_lock(&q->mutex);
  while (q->count == CAPACITY) pthread_cond_wait(&q->not_full, &q->mutex);
  q->items[(q->head + q->count++) % CAPACITY] = i;
  pthread_cond_signal(&q->not_empty);
  pthread_mutex_unlock(&q->mutex);
}

static void end(queue *q) {
  pthread_mutex_lock(&q->mutex);
  q->producers--;
  pthread_cond_broadcast(&q->not_empty);
  pthread_mutex_unlock(&q->mutex);
}

static item *pop(queue *q) {
  item *i = NULL;
  pthread_mutex_lock(&q->mutex);
  while (q->count == 0 && q->producers > 0) pthread_cond_wait(&q->not_empty, &q->mutex);
  if (q->count > 0) {
    i = q->items[q->head];
    q->head = (q->head + 1) % CAPACITY;
    q->count--;
    pthread_cond_signal(&q->not_full);
  }
  pthread_mutex_unlock(&q->mutex);
  return i;
}

static void *produce(void *stream) {
  struct timespec start, due;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (long n = 0; n < frames; n++) {
    long nanoseconds = start.tv_nsec + n % fps * (1000000000L / fps);
    due.tv_sec = start.tv_sec + n / fps + nanoseconds / 1000000000L;
    due.tv_nsec = nanoseconds % 1000000000L;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    item *i = malloc(sizeof *i);
    *i = (item){(long)stream, n};
    clock_gettime(CLOCK_MONOTONIC, &i->captured);
    push(&worked, i);
  }
  end(&worked);
  return NULL;
}

static void *work(void *unused) {
  for (item *i; (i = pop(&worked));) push(&finished, i);
  end(&finished);
  return unused;
}

static void *deliver(void *unused) {
  for (item *i; (i = pop(&finished)); delivered++) free(i);
  return unused;
}

int main(int count, char **words) {
  if (count != 4) return fprintf(stderr, "usage: queues STREAMS FPS SECONDS\n"), 64;
  long streams = atol(words[1]);
  fps = atol(words[2]);
  frames = fps * atol(words[3]);
  if (streams < 1 || streams > 1000 || fps < 1 || frames < 1) return 64;
  pthread_t threads[1002];
  worked.producers = (int)streams;
  finished.producers = 1;
  pthread_create(&threads[0], NULL, deliver, NULL);
  pthread_create(&threads[1], NULL, work, NULL);
  for (long s = 0; s < streams; s++) pthread_create(&threads[s + 2], NULL, produce, (void *)s);
  for (long t = 0; t < streams + 2; t++) pthread_join(threads[t], NULL);
  printf("%ld\n", delivered);
  return delivered == streams * frames ? 0 : 70;
}
