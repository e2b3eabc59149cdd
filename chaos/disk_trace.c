/* Preloaded into a process: writes down what it does to the SQLite database TRACE_DATABASE and its
 * journals, in the order in which it is done, and what it says on its standard output; into the file TRACE_TO.
 *
 * A record is one letter, the number of the file, an offset and a length (8 bytes each), and so many bytes: o open (bytes:
 * the name), w write, t truncate, s sync, u unlink (bytes: the name), d sync of the folder, a said on standard output.
 * One lock is held from before each call until it is written down, so that the order is the true one.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define FILES_MAX 4096

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static int trace = -1;
static int64_t numbers[FILES_MAX]; /* by descriptor: 0 is nothing of ours, -1 the folder */
static int64_t last_number;
static const char *database;
static char folder[PATH_MAX];

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off64_t);
static int (*real_unlink)(const char *);

__attribute__((constructor)) static void begin(void) {
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_open = dlsym(RTLD_NEXT, "open64");
    real_close = dlsym(RTLD_NEXT, "close");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    database = getenv("TRACE_DATABASE");
    const char *to = getenv("TRACE_TO");
    if (database == NULL || to == NULL) abort();
    strncpy(folder, database, PATH_MAX - 1);
    char *slash = strrchr(folder, '/');
    if (slash != NULL) *slash = 0;
    trace = real_open(to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (trace < 0) abort();
}

static void put(const void *bytes, size_t length) {
    for (size_t done = 0; done < length;) {
        ssize_t more = real_write(trace, (const char *)bytes + done, length - done);
        if (more <= 0) abort();
        done += (size_t)more;
    }
}

static void record(char what, int64_t number, int64_t offset, const void *bytes, int64_t length) {
    char head[25];
    head[0] = what;
    memcpy(head + 1, &number, 8);
    memcpy(head + 9, &offset, 8);
    memcpy(head + 17, &length, 8);
    put(head, sizeof head);
    if (bytes != NULL) put(bytes, (size_t)length);
}

static int is_ours(const char *path) {
    size_t length = database == NULL ? 0 : strlen(database);
    if (length == 0 || strncmp(path, database, length) != 0) return 0;
    const char *rest = path + length; /* not the shared memory, which SQLite makes anew, and not the writer's lock */
    return *rest == 0 || strcmp(rest, "-wal") == 0 || strcmp(rest, "-journal") == 0;
}

static int64_t number_of(int descriptor) {
    return descriptor >= 0 && descriptor < FILES_MAX ? numbers[descriptor] : 0;
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    pthread_mutex_lock(&turn);
    int descriptor = real_open(path, flags, mode);
    if (descriptor >= 0 && descriptor < FILES_MAX) {
        if (is_ours(path)) {
            numbers[descriptor] = ++last_number;
            record('o', last_number, 0, path, (int64_t)strlen(path));
        } else {
            numbers[descriptor] = strcmp(path, folder) == 0 ? -1 : 0;
        }
    }
    pthread_mutex_unlock(&turn);
    return descriptor;
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open64(path, flags, mode);
}

int close(int descriptor) {
    pthread_mutex_lock(&turn);
    if (descriptor >= 0 && descriptor < FILES_MAX) numbers[descriptor] = 0;
    int result = real_close(descriptor);
    pthread_mutex_unlock(&turn);
    return result;
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t length, off64_t offset) {
    if (number_of(descriptor) <= 0) return real_pwrite(descriptor, bytes, length, offset);
    pthread_mutex_lock(&turn);
    ssize_t done = real_pwrite(descriptor, bytes, length, offset);
    if (done > 0) record('w', number_of(descriptor), offset, bytes, done);
    pthread_mutex_unlock(&turn);
    return done;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t length, off_t offset) {
    return pwrite64(descriptor, bytes, length, offset);
}

ssize_t write(int descriptor, const void *bytes, size_t length) {
    if (number_of(descriptor) > 0) abort(); /* SQLite says where it writes; this would not be replayed rightly */
    if (descriptor != STDOUT_FILENO) return real_write(descriptor, bytes, length);
    pthread_mutex_lock(&turn);
    ssize_t done = real_write(descriptor, bytes, length);
    if (done > 0) record('a', 0, 0, bytes, done);
    pthread_mutex_unlock(&turn);
    return done;
}

static int synced(int descriptor, int (*call)(int)) {
    int64_t number = number_of(descriptor);
    if (number == 0) return call(descriptor);
    pthread_mutex_lock(&turn);
    int result = call(descriptor);
    if (result == 0) record(number < 0 ? 'd' : 's', number, 0, NULL, 0);
    pthread_mutex_unlock(&turn);
    return result;
}

int fsync(int descriptor) { return synced(descriptor, real_fsync); }

int fdatasync(int descriptor) { return synced(descriptor, real_fdatasync); }

int ftruncate64(int descriptor, off64_t length) {
    if (number_of(descriptor) <= 0) return real_ftruncate(descriptor, length);
    pthread_mutex_lock(&turn);
    int result = real_ftruncate(descriptor, length);
    if (result == 0) record('t', number_of(descriptor), length, NULL, 0);
    pthread_mutex_unlock(&turn);
    return result;
}

int ftruncate(int descriptor, off_t length) { return ftruncate64(descriptor, length); }

int unlink(const char *path) {
    pthread_mutex_lock(&turn);
    int result = real_unlink(path);
    if (result == 0 && is_ours(path)) record('u', 0, 0, path, (int64_t)strlen(path));
    pthread_mutex_unlock(&turn);
    return result;
}
