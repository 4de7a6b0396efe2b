/* A page target that answers every GET after a fixed delay and holds as many connections as the file limit allows.
 * usage: slow --port P --addresses N --delay-ms D --body FILE
 * It listens on N loopback addresses from 127.0.0.1 on, so that one machine can stand for N hosts. GET /stats tells what it saw. */
#include "http.h"

struct conn {
    int fd;
    uint32_t generation;
    struct buffer in;
    char *out;
    size_t out_left;
    int waiting;
};

struct due {
    int64_t at;
    int fd;
    uint32_t generation;
};

#define EVENTS 512

static struct conn **conns; /* by file descriptor */
static struct due *queue;   /* a ring: the delay is the same for all, so first in is first due */
static size_t head, tail, queue_mask;
static char *answer;
static size_t answer_length;
static int64_t delay_ns;
static long requests, open_now, waiting_now, waiting_peak;
static uint32_t generations;
static int poller;

static void drop(struct conn *c) {
    if (c->waiting) waiting_now--;
    conns[c->fd] = NULL;
    close(c->fd);
    free(c->in.data);
    free(c);
    open_now--;
}

static void send_rest(struct conn *c) {
    while (c->out_left) {
        ssize_t n = send(c->fd, c->out, c->out_left, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno != EAGAIN) { drop(c); return; }
            struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.fd = c->fd};
            epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &e);
            return;
        }
        c->out += n;
        c->out_left -= n;
    }
}

static void stats(struct conn *c) {
    static char text[512];
    char json[256];
    int n = snprintf(json, sizeof json, "{\"requests\":%ld,\"open\":%ld,\"waiting\":%ld,\"waiting_peak\":%ld}",
                     requests, open_now, waiting_now, waiting_peak);
    c->out_left = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s",
                           n, json);
    c->out = text;
    send_rest(c);
}

static void read_requests(struct conn *c) {
    if (!fill(c->fd, &c->in)) { drop(c); return; }
    struct message m;
    if (c->waiting || !whole_message(&c->in, &m)) return; /* no pipelining: the next is read after the answer */
    int is_stats = !strncmp(c->in.data, "GET /stats ", 11);
    consume(&c->in, m.total);
    if (is_stats) { stats(c); return; }
    requests++;
    c->waiting = 1;
    if (++waiting_now > waiting_peak) waiting_peak = waiting_now;
    queue[tail++ & queue_mask] = (struct due){now_ns() + delay_ns, c->fd, c->generation};
}

static void answer_due(void) {
    int64_t now = now_ns();
    for (; head != tail && queue[head & queue_mask].at <= now; head++) {
        struct due *d = &queue[head & queue_mask];
        struct conn *c = conns[d->fd];
        if (!c || c->generation != d->generation) continue;
        c->waiting = 0;
        waiting_now--;
        c->out = answer;
        c->out_left = answer_length;
        send_rest(c);
    }
}

static void accept_all(int listener) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        no_delay(fd);
        struct conn *c = calloc(1, sizeof *c);
        c->fd = fd;
        c->generation = ++generations;
        conns[fd] = c;
        open_now++;
        struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e);
    }
}

static void load_answer(const char *path) {
    FILE *f = fopen(path, "r");
    if (!f) die(path);
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    rewind(f);
    answer = malloc(n + 256);
    int headed = sprintf(answer, "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: %ld\r\n\r\n", n);
    if (fread(answer + headed, 1, n, f) != (size_t)n) die(path);
    fclose(f);
    answer_length = headed + n;
}

int main(int argc, char **argv) {
    int port = atoi(option(argc, argv, "--port", NULL)), addresses = atoi(option(argc, argv, "--addresses", "1"));
    delay_ns = atol(option(argc, argv, "--delay-ms", "1000")) * 1000000LL;
    load_answer(option(argc, argv, "--body", NULL));
    raise_file_limit();
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    conns = calloc(limit.rlim_cur, sizeof *conns);
    size_t room = 1; /* a connection waits at most once; dropped ones leave an entry until it is due */
    while (room < limit.rlim_cur * 8) room *= 2;
    queue = calloc(room, sizeof *queue);
    queue_mask = room - 1;
    poller = epoll_create1(EPOLL_CLOEXEC);
    char *listening = calloc(limit.rlim_cur, 1);
    for (int i = 0; i < addresses; i++) {
        int fd = listen_on(i, port);
        listening[fd] = 1;
        struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e);
    }
    for (struct epoll_event events[EVENTS];;) {
        int wait = -1;
        if (head != tail) {
            int64_t left = queue[head & queue_mask].at - now_ns();
            wait = left <= 0 ? 0 : (int)(left / 1000000) + 1;
        }
        int n = epoll_wait(poller, events, EVENTS, wait);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (listening[fd]) { accept_all(fd); continue; }
            struct conn *c = conns[fd];
            if (!c) continue;
            if (events[i].events & EPOLLOUT) {
                struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
                epoll_ctl(poller, EPOLL_CTL_MOD, fd, &e);
                send_rest(c);
                c = conns[fd];
            }
            if (c && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_requests(c);
        }
        answer_due();
    }
}
