/* What both tools share: buffers, a minimal HTTP/1.1 message parser, time and sockets. Loopback and trusted peers only. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MAX_MESSAGE (8 << 20) /* more than any page of the bench with its envelope */

static void die(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void raise_file_limit(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static struct sockaddr_in loopback(int index, int port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    a.sin_addr.s_addr = htonl(0x7f000000u + (index / 250 << 8) + index % 250 + 1);
    return a;
}

static int listen_on(int index, int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in a = loopback(index, port);
    if (fd < 0) die("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0) die("bind");
    if (listen(fd, 4096) < 0) die("listen");
    return fd;
}

static void no_delay(int fd) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

struct buffer {
    char *data;
    size_t length, capacity;
};

/* Reads what is there; 0 when the peer closed or failed, 1 otherwise. */
static int fill(int fd, struct buffer *b) {
    for (;;) {
        if (b->capacity - b->length < 4096) {
            if (b->capacity >= MAX_MESSAGE) return 0;
            b->capacity = b->capacity ? b->capacity * 2 : 16384;
            b->data = realloc(b->data, b->capacity + 1);
            if (!b->data) die("realloc");
        }
        size_t room = b->capacity - b->length;
        ssize_t n = read(fd, b->data + b->length, room);
        if (n == 0) return 0;
        if (n < 0) return errno == EAGAIN;
        b->length += n;
        b->data[b->length] = 0;
        if ((size_t)n < room) return 1;
    }
}

static void consume(struct buffer *b, size_t n) {
    b->length -= n;
    memmove(b->data, b->data + n, b->length);
    if (b->data) b->data[b->length] = 0;
}

static const char *header(const char *head, const char *end, const char *name) {
    size_t n = strlen(name);
    for (const char *line = head; line < end;) {
        const char *next = memmem(line, end - line, "\r\n", 2);
        if (!next) next = end;
        if ((size_t)(next - line) > n && line[n] == ':' && !strncasecmp(line, name, n)) {
            line += n + 1;
            while (*line == ' ') line++;
            return line;
        }
        line = next + 2;
    }
    return NULL;
}

struct message {
    size_t total;          /* bytes it takes in the buffer */
    char *body;
    size_t body_length;    /* after chunks were joined in place */
    size_t head_length;
};

/* 1 and the message when the buffer begins with a whole one, else 0. */
static int whole_message(struct buffer *b, struct message *m) {
    if (!b->length) return 0;
    char *end = memmem(b->data, b->length, "\r\n\r\n", 4);
    if (!end) return 0;
    m->head_length = end + 4 - b->data;
    m->body = end + 4;
    const char *length = header(b->data, end, "content-length");
    const char *coding = header(b->data, end, "transfer-encoding");
    if (!coding || strncasecmp(coding, "chunked", 7)) {
        m->body_length = length ? strtoul(length, NULL, 10) : 0;
        m->total = m->head_length + m->body_length;
        return b->length >= m->total;
    }
    char *stop = b->data + b->length, *at = m->body;
    for (;;) { /* is the last chunk there? */
        char *line = memmem(at, stop - at, "\r\n", 2);
        if (!line) return 0;
        size_t n = strtoul(at, NULL, 16);
        if ((size_t)(stop - line) < n + 4) return 0;
        at = line + 2 + n + 2;
        if (n == 0) break;
    }
    m->total = at - b->data;
    char *to = m->body;
    for (at = m->body;;) {
        size_t n = strtoul(at, NULL, 16);
        char *line = memmem(at, stop - at, "\r\n", 2);
        if (n == 0) break;
        memmove(to, line + 2, n);
        to += n;
        at = line + 2 + n + 2;
    }
    m->body_length = to - m->body;
    return 1;
}

static const char *option(int argc, char **argv, const char *name, const char *fallback) {
    for (int i = 1; i + 1 < argc; i++)
        if (!strcmp(argv[i], name)) return argv[i + 1];
    if (!fallback) {
        fprintf(stderr, "%s: option %s is needed\n", argv[0], name);
        exit(2);
    }
    return fallback;
}
