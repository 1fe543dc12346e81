/* Calls that fail for the header in them, and calls that fail for anything else: whose process gets no more headers. */
#include "check.h"
#include "end.h"
#include "message.h"
#include "packet.h"
#include "peer.h"
#include "segment.h"
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MILLISECOND = 1000000, HANGING_MAX = 4096, SEEDS = 12 };

static struct page wire;
static u32 opened;

static void begin(u64 seed)
{
    capture_reset_propagating(seed, true, HILO_PROPAGATE_HEADERS);
    capture_select(CLIENT_TGID);
    peer_run_thread(CLIENT_TGID, CLIENT_TGID);
    opened = 0;
}

static void open_by(struct peer *client, u32 tgid)
{
    struct route route = { .family = AF_INET, .local = { 10, 0, 0, 1 }, .peer = { 10, 0, 0, 2 },
                           .local_port = 1024 + opened % 60000, .peer_port = 80 };
    peer_open(client, ++opened, tgid, &route, false, true);
    peer_propagate(client, &wire);
}

/* Whether the request has left with a header. */
static bool ask(struct peer *client, u32 requests)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    struct pieces p = { .bytes = (const u8 *)text, .size = (sizeof(text) - 1) / 2 * requests, .count = 1 };
    u64 before = capture_counter(HILO_COUNT_HEADER_WRITTEN);
    kernel_records_clear();
    kernel.now += MILLISECOND;
    peer_send(client, &p, p.size, true);
    client->socket.tcp.snd_una = segment_next = client->socket.tcp.write_seq;
    return capture_counter(HILO_COUNT_HEADER_WRITTEN) != before;
}

static void answer(struct peer *client, u32 status)
{
    char text[80];
    int size = snprintf(text, sizeof(text), "HTTP/1.1 %u Whatever\r\nContent-Length: 0\r\n\r\n", status);
    struct pieces p = { .bytes = (const u8 *)text, .size = size, .count = 1 };
    kernel.now += 1000;
    rests_count = 0;
    peer_receive(client, &p, FIN_NONE);
}

static u64 found(void)
{
    return capture_counter(HILO_COUNT_HARMED);
}

/* A call on a connection of its own; with this chance of a failure, in hundredths. Returns whether it had a header. */
static bool call(struct dice *d, u32 with, u32 without)
{
    struct peer client;
    open_by(&client, CLIENT_TGID);
    bool header = ask(&client, 1);
    answer(&client, chance(d, header ? with : without) ? 503 : 200);
    peer_close(&client, ENDING_OURS, 0);
    return header;
}

/* How many calls of `count` it takes. */
static u32 calls_until_found(struct dice *d, u32 count, u32 with, u32 without)
{
    for (u32 i = 1; i <= count; i++) {
        call(d, with, without);
        if (found())
            return i;
    }
    return 0;
}

static bool was_reported(void)
{
    for (u32 i = 0; i < kept_count; i++) {
        const struct hilo_process_event *e = (const void *)kept[i].bytes;
        if (e->kind == HILO_RECORD_PROCESS && e->happening == HILO_PROCESS_HARMED && e->tgid == CLIENT_TGID)
            return true;
    }
    return false;
}

static void is_found(void)
{
    static const struct { u32 with, without, most; } cases[] = { { 100, 0, 90 },    { 100, 50, 250 }, { 50, 0, 300 },
                                                                 { 60, 20, 3000 },  { 12, 0, 6000 },  { 8, 0, 9000 },
                                                                 { 25, 10, 20000 } };
    for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        u32 longest = 0;
        for (u64 seed = 0; seed < SEEDS; seed++) {
            struct dice d = { 77000 + seed };
            begin(seed);
            for (u32 k = 0; k < 1000; k++)
                call(&d, 0, 0);
            u32 took = calls_until_found(&d, 20000, cases[i].with, cases[i].without);
            CHECK(took && took <= cases[i].most, "case %u, seed %llu: %u calls", i, seed, took);
            longest = took > longest ? took : longest;
            CHECK(was_reported(), "nobody is told");
            for (u32 k = 0; k < 500; k++)
                CHECK(!call(&d, 0, 0), "a header after that");
        }
        note("%u and %u of 100 fail: after %u calls at most", cases[i].with, cases[i].without, longest);
    }
}

/* Whatever fails, and however often that changes, is not for the header. Headers go on. */
static void is_not_found(void)
{
    u64 calls = 0, headers = 0;
    for (u64 seed = 0; seed < SEEDS; seed++) {
        struct dice d = { 88000 + seed };
        begin(seed);
        for (u32 phase = 0; phase < 40; phase++) {
            static const u32 shares[] = { 0, 1, 5, 20, 50, 95, 100 };
            u32 share = shares[below(&d, 7)];
            for (u32 k = 0; k < 300; k++, calls++)
                headers += call(&d, share, share);
        }
        CHECK(!found(), "seed %llu", seed);
    }
    CHECK(headers * 10 > calls * 6, "%llu headers in %llu calls", headers, calls);
    note("%llu calls, %llu with a header", calls, headers);
}

/* What failed anyway at first, and then for the header. */
static void behind_an_outage(void)
{
    for (u64 seed = 0; seed < SEEDS; seed++) {
        struct dice d = { 22000 + seed };
        begin(seed);
        for (u32 k = 0; k < 500 + 500 * (seed % 5); k++)
            call(&d, 100, 100);
        CHECK(!found(), "seed %llu: too early", seed);
        u32 took = calls_until_found(&d, 20000, 100, 0);
        CHECK(took && took < 3000, "seed %llu: %u calls", seed, took);
    }
}

/* A service of which a part of the calls always fails is tried once or twice, and not for ever. */
static void is_accepted(void)
{
    static const u32 shares[] = { 8, 20, 50, 90 };
    for (u32 i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        struct dice d = { 33000 + i };
        begin(i);
        for (u32 k = 0; k < 20000; k++)
            call(&d, shares[i], shares[i]);
        u64 trials = capture_counter(HILO_COUNT_TRIALS), withheld = capture_counter(HILO_COUNT_WITHHELD);
        CHECK(!found() && trials >= 1 && trials <= 12 && withheld <= 4000, "%u of 100: %llu trials, %llu withheld",
              shares[i], trials, withheld);
    }
}

/* So many calls, of which this share, in hundredths, hangs until so many later ones have begun. Returns after how many
 * it is found. */
static u32 hanging_calls(struct dice *d, u32 count, u32 with, u32 without, u32 lasts)
{
    static struct peer hanging[HANGING_MAX];
    static u32 due[HANGING_MAX];
    u32 oldest = 0, newest = 0, now = 0;
    for (; now < count && !found(); now++) {
        for (; oldest < newest && due[oldest % HANGING_MAX] <= now; oldest++)
            peer_close(&hanging[oldest % HANGING_MAX], ENDING_OURS, 0);
        struct peer *client = &hanging[newest % HANGING_MAX];
        open_by(client, CLIENT_TGID);
        bool header = ask(client, 1);
        if (newest - oldest < HANGING_MAX - 1 && chance(d, header ? with : without)) {
            due[newest++ % HANGING_MAX] = now + lasts;
            continue;
        }
        answer(client, 200);
        peer_close(client, ENDING_OURS, 0);
    }
    for (; oldest < newest; oldest++)
        peer_close(&hanging[oldest % HANGING_MAX], ENDING_OURS, 0);
    return found() ? now : 0;
}

/* Calls that hang, and fail long after others have been answered: for the header, or not. */
static void outages(void)
{
    static const struct { u32 share, lasts; } cases[] = { { 20, 500 }, { 10, 400 }, { 10, 1500 }, { 100, 300 } };
    static const struct { u32 share, lasts, most; } harms[] = { { 30, 1000, 6000 }, { 50, 1000, 6000 },
                                                               { 100, 1000, 6000 }, { 30, 200, 4000 } };
    for (u64 seed = 0; seed < SEEDS / 2; seed++) {
        for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            struct dice d = { 99000 + seed };
            begin(seed);
            CHECK(!hanging_calls(&d, 300, 0, 0, 0), "nothing fails");
            CHECK(!hanging_calls(&d, 3000, cases[i].share, cases[i].share, cases[i].lasts), "case %u, seed %llu", i,
                  seed);
        }
        for (u32 i = 0; i < sizeof(harms) / sizeof(harms[0]); i++) {
            struct dice d = { 98000 + seed };
            begin(seed);
            u32 took = hanging_calls(&d, 20000, harms[i].share, 0, harms[i].lasts);
            CHECK(took && took <= harms[i].most, "harm %u, seed %llu: %u calls", i, seed, took);
        }
    }
}

/* Calls that never end have failed after a while. */
static void never_ends(void)
{
    static struct peer hanging[1200];
    begin(1);
    u32 open = 0;
    struct dice d = { 1 };
    for (u32 k = 0; k < 20; k++)
        call(&d, 100, 100);
    CHECK(capture_counter(HILO_COUNT_TRIALS) == 1, "no trial");
    for (; open < 1000; open++) {
        open_by(&hanging[open], CLIENT_TGID);
        if (!ask(&hanging[open], 1))
            answer(&hanging[open], 200);
    }
    CHECK(!found(), "it waits for none");
    for (u32 k = 0; k < 2; k++) {
        kernel.now += 151ULL * 1000 * MILLISECOND;
        for (u32 k = 0; k < 100; k++, open++) {
            open_by(&hanging[open], CLIENT_TGID);
            if (!ask(&hanging[open], 1))
                answer(&hanging[open], 200);
        }
    }
    CHECK(found() == 1, "it waits for ever");
}

/* How many of so many calls, with so long between, it takes if this share of those with a header hangs for ever. */
static u32 calls_until_hanging_is_found(struct dice *d, u32 count, u32 share, u64 between)
{
    static struct peer hanging[8000];
    u32 calls = 0, hung = 0;
    for (; calls < count && !found(); calls++) {
        struct peer *client = &hanging[hung];
        open_by(client, CLIENT_TGID);
        kernel.now += between;
        if (ask(client, 1) && chance(d, share)) {
            hung++;
            continue;
        }
        answer(client, 200);
        peer_close(client, ENDING_OURS, 0);
    }
    return found() ? calls : 0;
}

/* Calls that hang for ever, of a process whose other calls go well: at first, in a part, or few. */
static void hang_for_ever(void)
{
    static const struct { u32 share; u64 between; u32 most; } cases[] = {
        { 100, 1000, 700 }, { 100, 100, 7000 }, { 10, 300, 4000 }, { 100, 10000, 200 },
    };
    for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        u32 longest = 0;
        for (u64 seed = 0; seed < SEEDS; seed++) {
            struct dice d = { 111000 + seed };
            begin(seed);
            for (u32 k = 0; k < 1000; k++)
                call(&d, 0, 0);
            u32 took = calls_until_hanging_is_found(&d, 7900, cases[i].share, cases[i].between * MILLISECOND);
            CHECK(took && took <= cases[i].most, "case %u, seed %llu: %u calls", i, seed, took);
            longest = took > longest ? took : longest;
        }
        note("%u of 100 hang, a call in %llu ms: after %u calls at most", cases[i].share, cases[i].between, longest);
    }
}

/* The same in a trial that has begun, and will not have its 200 calls of each kind for long. */
static void hang_in_a_slow_trial(void)
{
    for (u64 seed = 0; seed < SEEDS; seed++) {
        struct dice d = { 112000 + seed };
        begin(seed);
        for (u32 k = 0; k < 10; k++)
            call(&d, 100, 100);
        CHECK(capture_counter(HILO_COUNT_TRIALS) == 1, "no trial");
        u32 took = calls_until_hanging_is_found(&d, 300, 100, 5000ULL * MILLISECOND);
        CHECK(took && took < 200, "seed %llu: %u calls", seed, took);
    }
}

/* Of one call in ten, suspicious at first: the calls that hang are what the longer trial is for. */
static void hang_in_part_in_a_trial(void)
{
    for (u64 seed = 0; seed < SEEDS; seed++) {
        struct dice d = { 113000 + seed };
        begin(seed);
        for (u32 k = 0; k < 20; k++)
            call(&d, 100, 100);
        CHECK(calls_until_hanging_is_found(&d, 7900, 10, 300ULL * MILLISECOND), "seed %llu", seed);
    }
}

/* Calls that take minutes, as those that wait for news do, with a header or without: they are tried, more and more
 * seldom. */
static void waits_for_news(void)
{
    static struct peer waiting[50];
    struct dice d = { 1 };
    u32 calls = 0, headers = 0;
    begin(1);
    for (u32 k = 0; k < 50; k++) {
        open_by(&waiting[k], CLIENT_TGID);
        ask(&waiting[k], 1);
    }
    for (; calls < 40000; calls++) {
        headers += call(&d, 0, 0);
        kernel.now += 500ULL * MILLISECOND;
        if (calls % 20)
            continue;
        struct peer *oldest = &waiting[calls / 20 % 50];
        answer(oldest, 200);
        peer_close(oldest, ENDING_OURS, 0);
        open_by(oldest, CLIENT_TGID);
        ask(oldest, 1);
    }
    CHECK(!found() && headers > calls / 100 * 95, "%llu found, %u of %u calls had a header", found(), headers, calls);
    note("%llu trials in %u calls", capture_counter(HILO_COUNT_TRIALS), calls);
}

/* Its first trial finds harm, the next one does not: that was chance. */
static void by_chance(void)
{
    struct dice d = { 1 };
    begin(1);
    for (u32 k = 0; k < 1000 && capture_counter(HILO_COUNT_TRIALS) < 2; k++)
        call(&d, 100, 0);
    CHECK(capture_counter(HILO_COUNT_TRIALS) == 2 && !found(), "one trial is enough");
    for (u32 k = 0; k < 3000; k++)
        call(&d, 1, 1);
    CHECK(!found() && capture_counter(HILO_COUNT_TRIALS) == 2, "what was chance is held against it");
    CHECK(calls_until_found(&d, 1000, 100, 0), "harm is found no more");
}

/* A part of the calls fails always, in some windows more of them and in some fewer. */
static void keeps_its_headers(void)
{
    static const u32 shares[] = { 2, 3, 4, 5, 6, 8 };
    u64 most = 0;
    for (u32 i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        struct dice d = { 114000 + i };
        begin(i);
        for (u32 k = 0; k < 40000; k++)
            call(&d, shares[i], shares[i]);
        u64 withheld = capture_counter(HILO_COUNT_WITHHELD);
        CHECK(!found() && withheld <= 3000, "%u of 100: %llu of 40,000 withheld", shares[i], withheld);
        most = withheld > most ? withheld : most;
    }
    note("%llu of 40,000 withheld at most", most);
}

/* A trial of which one kind never begins ends all the same. */
static void bounded(void)
{
    struct dice d = { 1 };
    u32 left_out = 0;
    begin(1);
    for (u32 k = 0; k < 10; k++)
        call(&d, 100, 100);
    for (u32 k = 0; k < 10000; k++) {
        struct peer client;
        open_by(&client, CLIENT_TGID);
        if (peer_is_enrolled(&client)) {
            ask(&client, 1);
            answer(&client, 200);
        } else {
            left_out += k >= 9000;
        }
        peer_close(&client, ENDING_OURS, 0);
    }
    CHECK(!left_out, "%u of 1,000 connections are left out still", left_out);
}

/* A request behind one that has no answer yet takes that one out of the trial. */
static void pipelines_in_a_trial(void)
{
    static struct peer clients[600];
    struct dice d = { 1 };
    begin(1);
    for (u32 k = 0; k < 10; k++)
        call(&d, 100, 100);
    for (u32 k = 0; k < 600; k++) {
        open_by(&clients[k], CLIENT_TGID);
        if (ask(&clients[k], 1)) {
            ask(&clients[k], 1);
        } else {
            answer(&clients[k], 200);
            peer_close(&clients[k], ENDING_OURS, 0);
        }
    }
    kernel.now += 151ULL * 1000 * MILLISECOND;
    for (u32 k = 0; k < 600; k++)
        peer_close(&clients[k], ENDING_OURS, 0);
    open_by(&clients[0], CLIENT_TGID);
    CHECK(!found() && capture_counter(HILO_COUNT_TRIALS) == 1, "they have failed");
}

/* `harm` lies on two pages, of which one can be read: each time that the other one is, that is another moment. */
static struct harm *torn;
static u8 *pages;
static u32 moments, stalls_at;

static void moment_passes(int signal, siginfo_t *info, void *context)
{
    u32 size = getpagesize();
    bool second = (u8 *)info->si_addr >= pages + size;
    if (++moments == stalls_at) {
        mprotect(pages, 2 * size, PROT_READ | PROT_WRITE);
        torn->chosen += 200 * (CALL_ENDED + CALL_BEGUN);
        torn->withheld += 200 * (CALL_ENDED + CALL_BEGUN);
    }
    mprotect(pages + size * second, size, PROT_READ | PROT_WRITE);
    mprotect(pages + size * !second, size, PROT_NONE);
}

/* Calls of other processors end while one decides: all had failed of either kind, and now none does. */
static void decided_meanwhile(void)
{
    u32 size = getpagesize();
    struct sigaction handler = { .sa_sigaction = moment_passes, .sa_flags = SA_SIGINFO }, before;
    pages = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    torn = (struct harm *)(pages + size - offsetof(struct harm, withheld));
    begin(1);
    sigaction(SIGSEGV, &handler, &before);
    u32 most = 0;
    for (stalls_at = 1; stalls_at <= 10; stalls_at++) {
        mprotect(pages, 2 * size, PROT_READ | PROT_WRITE);
        *torn = (struct harm){ .phase = 1, .most = 3200, .since = kernel.now };
        torn->chosen = torn->withheld = 20 * (CALL_ENDED + CALL_BEGUN + CALL_FAILED);
        mprotect(pages + size, size, PROT_NONE);
        moments = 0;
        capture_decides(torn);
        most = moments > most ? moments : most;
        mprotect(pages, 2 * size, PROT_READ | PROT_WRITE);
        CHECK(!torn->proven, "what was read at two moments proves harm, stalled at %u", stalls_at);
    }
    sigaction(SIGSEGV, &before, NULL);
    munmap(pages, 2 * size);
    CHECK(most >= 4 && most < 10, "%u moments", most);
}

/* A verdict is known for longer than what it was reached by. */
static void verdict_stays(void)
{
    struct dice d = { 1 };
    begin(1);
    calls_until_found(&d, 1000, 100, 0);
    capture_forgets_calls(CLIENT_TGID);
    for (u32 k = 0; k < 10; k++)
        CHECK(!call(&d, 0, 0), "it has headers again");
    CHECK(found() == 1, "it is found again");
}

/* Bursts of segments that are sent again count for the one call that they belong to. */
static void losses(void)
{
    for (u32 harmful = 0; harmful < 2; harmful++) {
        for (u64 seed = 0; seed < SEEDS; seed++) {
            struct dice d = { 66000 + seed };
            begin(seed);
            for (u32 k = 0; k < 5000 && !found(); k++) {
                struct peer client;
                open_by(&client, CLIENT_TGID);
                bool header = ask(&client, 1);
                bool lossy = harmful ? header && chance(&d, 50) : chance(&d, 10);
                for (u32 n = 0; lossy && n < 30; n++)
                    segment_happens(&client, BPF_SOCK_OPS_RETRANS_CB, 0, 0, NULL);
                answer(&client, 200);
                peer_close(&client, ENDING_OURS, 0);
            }
            CHECK(found() == harmful, "harmful %u, seed %llu: %llu", harmful, seed, found());
        }
    }
}

/* Kept connections: one that rests is drawn for each time. */
static void kept_connections(void)
{
    for (u32 harmful = 0; harmful < 2; harmful++) {
        for (u64 seed = 0; seed < SEEDS; seed++) {
            struct dice d = { 55000 + seed };
            struct peer client;
            u32 headers = 0;
            begin(seed);
            open_by(&client, CLIENT_TGID);
            for (u32 k = 0; k < 3000; k++) {
                bool header = ask(&client, 1);
                headers += header;
                answer(&client, chance(&d, harmful ? (header ? 80 : 10) : 40) ? 500 : 200);
                if (rests_count)
                    packet_renews(&client);
            }
            CHECK(found() == harmful, "harmful %u, seed %llu: %llu", harmful, seed, found());
            CHECK(harmful ? headers < 400 : headers > 1500, "harmful %u: %u headers", harmful, headers);
        }
    }
}

/* Calls that come fast leave several rests of a connection behind, each of which is handed over. */
static void drawn_once(void)
{
    for (u64 seed = 0; seed < SEEDS; seed++) {
        struct dice d = { 56000 + seed };
        struct peer client;
        u32 headers = 0;
        begin(seed);
        for (u32 k = 0; k < 10; k++)
            call(&d, 100, 100);
        CHECK(capture_counter(HILO_COUNT_TRIALS) == 1, "no trial");
        open_by(&client, CLIENT_TGID);
        for (u32 k = 0; k < 300; k++) {
            headers += ask(&client, 1);
            answer(&client, 200);
            for (u32 again = 0; again < 3 && rests_count; again++)
                packet_renews(&client);
        }
        CHECK(headers > 90 && headers < 210, "seed %llu: %u of 300 have a header", seed, headers);
    }
}

/* Connections that were kept for long without a call, and then are used at once: none of them hangs. */
static void burst_behind_a_pause(void)
{
    static struct peer clients[50];
    begin(1);
    for (u32 k = 0; k < 50; k++) {
        open_by(&clients[k], CLIENT_TGID);
        ask(&clients[k], 1);
        answer(&clients[k], 200);
        packet_renews(&clients[k]);
    }
    for (u32 pause = 0; pause < 3; pause++) {
        kernel.now += 310ULL * 1000 * MILLISECOND;
        for (u32 k = 0; k < 50; k++)
            ask(&clients[k], 1);
        for (u32 k = 0; k < 50; k++) {
            answer(&clients[k], 200);
            if (rests_count)
                packet_renews(&clients[k]);
        }
    }
    CHECK(!capture_counter(HILO_COUNT_TRIALS), "%llu trials", capture_counter(HILO_COUNT_TRIALS));
}

/* The peer closes what rests: its next call fails, enrolled or not. */
static void closed_while_at_rest(void)
{
    for (u64 seed = 0; seed < SEEDS; seed++) {
        struct dice d = { 44000 + seed };
        begin(seed);
        for (u32 k = 0; k < 3000; k++) {
            struct peer client;
            open_by(&client, CLIENT_TGID);
            ask(&client, 1);
            answer(&client, chance(&d, 20) ? 500 : 200);
            if (rests_count)
                packet_renews(&client);
            segment_happens(&client, BPF_SOCK_OPS_STATE_CB, 0, 0, NULL);
            ask(&client, 1);
            peer_close(&client, ENDING_THEIRS, 0);
        }
        CHECK(!found(), "seed %llu", seed);
    }
}

/* Of requests sent one behind the other nobody can tell whose answer it is. */
static void pipelines(void)
{
    begin(1);
    for (u32 k = 0; k < 300; k++) {
        struct peer client;
        open_by(&client, CLIENT_TGID);
        ask(&client, 2);
        peer_close(&client, ENDING_RESET, ECONNRESET);
    }
    CHECK(!capture_counter(HILO_COUNT_TRIALS), "they are compared");
}

static void ends(u32 tgid)
{
    struct signal_struct none_live = { .live = { 0 } };
    struct task_struct last = { .tgid = tgid, .pid = tgid, .signal = &none_live };
    process_exited(&last);
}

/* Processes that make one call each are judged together, with whoever has started them. */
static void children(void)
{
    begin(1);
    u32 took = 0;
    for (u32 k = 0; k < 200 && !found(); k++, took++) {
        struct task_struct from = kernel.task, to = { .tgid = 5000 + k, .pid = 5000 + k };
        struct peer client;
        process_forked(&from, &to);
        peer_run_thread(to.tgid, to.tgid);
        open_by(&client, to.tgid);
        bool header = ask(&client, 1);
        answer(&client, header ? 500 : 200);
        peer_close(&client, ENDING_OURS, 0);
        ends(to.tgid);
        peer_run_thread(CLIENT_TGID, CLIENT_TGID);
    }
    CHECK(found() == 1 && took <= 90, "%llu after %u children", found(), took);
    struct dice d = { 1 };
    CHECK(!call(&d, 0, 0), "who started them has headers still");
    struct task_struct from = kernel.task, to = { .tgid = 6000, .pid = 6000 };
    struct peer client;
    process_forked(&from, &to);
    ends(CLIENT_TGID);
    peer_run_thread(to.tgid, to.tgid);
    open_by(&client, to.tgid);
    CHECK(!ask(&client, 1), "a child whose parent has gone has headers again");
    peer_close(&client, ENDING_OURS, 0);
    /* The parent's number is somebody else's now. */
    capture_select(CLIENT_TGID);
    peer_run_thread(CLIENT_TGID, CLIENT_TGID);
    CHECK(call(&d, 0, 0), "a process with the parent's number has no headers");
}

/* What rests, enrolled, when it is found has none. */
static void at_rest_when_found(void)
{
    struct dice d = { 1 };
    struct peer resting;
    begin(1);
    open_by(&resting, CLIENT_TGID);
    ask(&resting, 1);
    answer(&resting, 200);
    packet_renews(&resting);
    CHECK(capture_connection(&resting)->outgoing.enrolled, "it is not enrolled");
    calls_until_found(&d, 1000, 100, 0);
    CHECK(found() && !ask(&resting, 1), "it has a header");
    answer(&resting, 200);
    CHECK(!rests_count, "it is handed over still");
}

const struct test harm_tests[] = {
    { "harm: calls that fail for the header", is_found },
    { "harm: calls that fail anyway", is_not_found },
    { "harm: a share of calls that always fails", is_accepted },
    { "harm: behind an outage", behind_an_outage },
    { "harm: calls that never end", never_ends },
    { "harm: calls that hang for ever", hang_for_ever },
    { "harm: calls that hang in a slow trial", hang_in_a_slow_trial },
    { "harm: calls that hang in part", hang_in_part_in_a_trial },
    { "harm: calls that wait for news", waits_for_news },
    { "harm: outages with calls that hang", outages },
    { "harm: what was found by chance", by_chance },
    { "harm: a share that fails keeps its headers", keeps_its_headers },
    { "harm: a kind that never begins", bounded },
    { "harm: pipelines in a trial", pipelines_in_a_trial },
    { "harm: calls that end while one decides", decided_meanwhile },
    { "harm: a verdict stays", verdict_stays },
    { "harm: segments that are sent again", losses },
    { "harm: kept connections", kept_connections },
    { "harm: rests that are handed over again", drawn_once },
    { "harm: a burst behind a pause", burst_behind_a_pause },
    { "harm: connections that are closed while they rest", closed_while_at_rest },
    { "harm: pipelines", pipelines },
    { "harm: many processes with a call each", children },
    { "harm: what rests when it is found", at_rest_when_found },
    { 0 },
};
