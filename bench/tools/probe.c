/* Submits tasks with unique URLs, is their receiver as well, and tells by one clock what became of each.
 * usage: probe --server PORT --path /v1/tasks --target PORT --sink PORT --count N [--rate PER_SECOND] [--conns C] [--skip N]
 *              [--timeout SECONDS] --begin TEXT --end TEXT --page-bytes N
 * With --rate it is open loop: task i is due at start + i/rate, and its latency counts from then, however late it could be sent.
 * Without, each of C connections submits as fast as it is answered. The first --skip tasks do not count in the percentiles.
 * A delivery counts as a page when its body holds both texts, found at the page's beginning and end, and is at least as long. */
#include "http.h"

#define MARK "benchpage-" /* in the URL, then the task's number */
#define EVENTS 256
#define SETTLE_NS 300000000LL /* waited at the end for repeated deliveries */

enum kind { LISTENER, TIMER, SINK, CLIENT };

struct conn {
    enum kind kind;
    int fd;
    long task; /* CLIENT: the one in flight, or -1 */
    struct buffer in;
    struct conn *next_idle;
};

struct task {
    int64_t due, answered, delivered;
    int status;
};

static struct task *tasks;
static struct conn *idle;
static long count, submitted, answered, accepted, delivered, expected, repeated, unknown, not_pages, broken, smallest = -1, largest;
static int poller, server_port, target_port, timer = -1;
static const char *path, *begin, *end;
static size_t page_bytes;
static char example[400];

static struct conn *watch(int fd, enum kind kind) {
    struct conn *c = calloc(1, sizeof *c);
    c->fd = fd;
    c->kind = kind;
    c->task = -1;
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e) < 0) die("epoll_ctl");
    return c;
}

static void connect_client(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = loopback(0, server_port);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0) die("connect to the server");
    no_delay(fd);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    struct conn *c = watch(fd, CLIENT);
    c->next_idle = idle;
    idle = c;
}

static void submit(int64_t due) {
    struct conn *c = idle;
    idle = c->next_idle;
    char body[128], request[512];
    int n = sprintf(body, "{\"url\":\"http://127.0.0.1:%d/" MARK "%ld\"}", target_port, submitted);
    n = sprintf(request, "POST %.200s HTTP/1.1\r\nhost: 127.0.0.1:%d\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s",
                path, server_port, n, body);
    c->task = submitted;
    tasks[submitted++].due = due;
    if (send(c->fd, request, n, MSG_NOSIGNAL) != n) shutdown(c->fd, SHUT_RDWR); /* found broken when it is read */
}

static void on_client(struct conn *c) {
    int alive = fill(c->fd, &c->in);
    struct message m;
    if (c->task >= 0 && whole_message(&c->in, &m)) {
        struct task *t = &tasks[c->task];
        t->status = atoi(c->in.data + 9);
        t->answered = now_ns();
        answered++;
        if (t->status / 100 == 2) {
            accepted++;
            if (!t->delivered) expected++;
        }
        consume(&c->in, m.total);
        c->task = -1;
        c->next_idle = idle;
        if (alive) { idle = c; return; }
    }
    if (alive) return;
    if (c->task >= 0) { answered++; broken++; }
    for (struct conn **at = &idle; *at; at = &(*at)->next_idle)
        if (*at == c) { *at = c->next_idle; break; }
    close(c->fd);
    free(c->in.data);
    free(c);
    connect_client();
}

static void take_delivery(struct conn *c, struct message *m) {
    int64_t now = now_ns();
    const char *mark = memmem(c->in.data, m->head_length + m->body_length, MARK, strlen(MARK));
    long number = mark ? strtol(mark + strlen(MARK), NULL, 10) : -1;
    long bytes = m->body_length;
    if (smallest < 0 || bytes < smallest) smallest = bytes;
    if (bytes > largest) largest = bytes;
    const char *first = memmem(m->body, bytes, begin, strlen(begin));
    if (!first || !memmem(first, m->body + bytes - first, end, strlen(end)) || m->body_length < page_bytes) {
        not_pages++;
        if (!example[0]) snprintf(example, sizeof example, "%.*s", (int)(bytes < 399 ? bytes : 399), m->body);
    }
    if (number < 0 || number >= submitted) unknown++;
    else if (tasks[number].delivered) repeated++;
    else {
        tasks[number].delivered = now;
        delivered++;
        if (tasks[number].status / 100 == 2) expected--;
    }
}

static void on_sink(struct conn *c) {
    static const char thanks[] = "HTTP/1.1 204 No Content\r\n\r\n";
    int alive = fill(c->fd, &c->in);
    struct message m;
    while (whole_message(&c->in, &m)) {
        take_delivery(c, &m);
        if (alive && send(c->fd, thanks, sizeof thanks - 1, MSG_NOSIGNAL) < 0) alive = 0;
        consume(&c->in, m.total);
    }
    if (alive) return;
    close(c->fd);
    free(c->in.data);
    free(c);
}

static void on_listener(struct conn *listener) {
    int fd;
    while ((fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        no_delay(fd);
        watch(fd, SINK);
    }
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void print_percentiles(const char *name, int64_t *values, long n) {
    qsort(values, n, sizeof *values, by_size);
    printf(",\"%s_ms\":", name);
    if (!n) { printf("null"); return; }
    printf("{\"n\":%ld,\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f}", n, values[n / 2] / 1e6,
           values[n * 9 / 10] / 1e6, values[n * 99 / 100] / 1e6, values[n * 999 / 1000] / 1e6, values[n - 1] / 1e6);
}

static void report(long skip, int64_t started, int timed_out) {
    int64_t *accept_times = calloc(count, sizeof *accept_times), *deliver_times = calloc(count, sizeof *deliver_times);
    int64_t *after_times = calloc(count, sizeof *after_times), last = started, last_answer = started;
    long accepts = 0, delivers = 0, afters = 0, missing = 0, refused = 0;
    for (long i = 0; i < submitted; i++) {
        struct task *t = &tasks[i];
        int ok = t->status / 100 == 2;
        if (t->answered && !ok) refused++;
        if (ok && !t->delivered) missing++;
        if (t->delivered > last) last = t->delivered;
        if (t->answered > last_answer) last_answer = t->answered;
        if (i < skip || !ok) continue;
        accept_times[accepts++] = t->answered - t->due;
        if (!t->delivered) continue;
        deliver_times[delivers++] = t->delivered - t->due;
        after_times[afters++] = t->delivered > t->answered ? t->delivered - t->answered : 0;
    }
    printf("{\"submitted\":%ld,\"accepted\":%ld,\"refused\":%ld,\"broken\":%ld,\"delivered\":%ld,\"missing\":%ld,\"repeated\":%ld,"
           "\"unknown\":%ld,\"not_pages\":%ld,\"smallest_body\":%ld,\"largest_body\":%ld,\"timed_out\":%s,"
           "\"submit_seconds\":%.3f,\"seconds\":%.3f",
           submitted, accepted, refused, broken, delivered, missing, repeated, unknown, not_pages, smallest, largest,
           timed_out ? "true" : "false", (last_answer - started) / 1e9, (last - started) / 1e9);
    print_percentiles("accept", accept_times, accepts);
    print_percentiles("due_to_delivered", deliver_times, delivers);
    print_percentiles("accept_to_delivered", after_times, afters);
    printf("}\n");
    if (example[0]) fprintf(stderr, "first delivery that is not a page: %s\n", example);
}

static void arm(int64_t at) {
    struct itimerspec when = {.it_value = {at / 1000000000LL, at % 1000000000LL}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

int main(int argc, char **argv) {
    server_port = atoi(option(argc, argv, "--server", NULL));
    target_port = atoi(option(argc, argv, "--target", NULL));
    path = option(argc, argv, "--path", NULL);
    count = atol(option(argc, argv, "--count", NULL));
    begin = option(argc, argv, "--begin", NULL);
    end = option(argc, argv, "--end", NULL);
    page_bytes = atol(option(argc, argv, "--page-bytes", NULL));
    double rate = atof(option(argc, argv, "--rate", "0"));
    long skip = atol(option(argc, argv, "--skip", "0")), conns = atol(option(argc, argv, "--conns", "32"));
    int64_t limit = (int64_t)(atof(option(argc, argv, "--timeout", "60")) * 1e9);
    raise_file_limit();
    tasks = calloc(count, sizeof *tasks);
    poller = epoll_create1(EPOLL_CLOEXEC);
    watch(listen_on(0, atoi(option(argc, argv, "--sink", NULL))), LISTENER);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    watch(timer, TIMER);
    for (long i = 0; i < conns; i++) connect_client();
    int64_t started = now_ns(), quiet_since = 0, now;
    struct epoll_event events[EVENTS];
    while ((now = now_ns()) < started + limit) {
        int64_t next = now;
        while (submitted < count && idle) {
            if (rate > 0 && (next = started + (int64_t)(submitted * 1e9 / rate)) > now) break;
            submit(rate > 0 ? next : now_ns());
        }
        if (submitted < count && idle && rate > 0) arm(next);
        if (answered == count && expected == 0) {
            if (!quiet_since) quiet_since = now;
            if (now > quiet_since + SETTLE_NS) break;
        }
        int n = epoll_wait(poller, events, EVENTS, 50);
        for (int i = 0; i < n; i++) {
            struct conn *c = events[i].data.ptr;
            if (c->kind == LISTENER) on_listener(c);
            else if (c->kind == SINK) on_sink(c);
            else if (c->kind == CLIENT) on_client(c);
            else { uint64_t ticks; (void)!read(timer, &ticks, sizeof ticks); }
        }
    }
    report(skip, started, now >= started + limit);
    return 0;
}
