// Holds the bodies of responses back until they were inspected: an eCAP adapter (libecap 1.0) for Squid.
//
// A body is written to a file as it comes, so Squid's own buffer, which is small, is never what holds it. When it is
// there as a whole, or larger than `largest`, a line of JSON is sent to the Unix socket `socket`, which answers
//     pass                          the body goes on to the client
//     page STATUS LENGTH\nHTML      the client gets this in its place
// `wait` seconds without an answer, or nobody there, is `unsure`: `pass` or `block`.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <list>
#include <memory>
#include <string>

#include <libecap/common/autoconf.h>

#include <libecap/adapter/service.h>
#include <libecap/adapter/xaction.h>
#include <libecap/common/area.h>
#include <libecap/common/body.h>
#include <libecap/common/delay.h>
#include <libecap/common/errors.h>
#include <libecap/common/header.h>
#include <libecap/common/message.h>
#include <libecap/common/name.h>
#include <libecap/common/named_values.h>
#include <libecap/common/names.h>
#include <libecap/common/options.h>
#include <libecap/common/registry.h>
#include <libecap/host/host.h>
#include <libecap/host/xaction.h>

namespace {

using libecap::Area;
using libecap::size_type;

const char kUnsure[] = "<!DOCTYPE html><title>Not inspected</title><h1>This file could not be inspected, "
                       "so it is held back.</h1>\n";
const size_t kGulp = 65536;
const long kTick = 5000;  // microseconds between looks for answers, while any is awaited

double now() {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec + at.tv_nsec / 1e9;
}

std::string quoted(const std::string &text) {
    std::string out = "\"";
    for (unsigned char each : text) {
        char escaped[8];
        if (each < 32 || each == '"' || each == '\\' || each == 127) {
            snprintf(escaped, sizeof escaped, "\\u%04x", each);
            out += escaped;
        } else {
            out += each;
        }
    }
    return out + "\"";
}

class Holding;

class Service : public libecap::adapter::Service, public libecap::NamedValueVisitor {
  public:
    std::string uri() const override { return "ecap://kitei/holding"; }
    std::string tag() const override { return "1"; }
    void describe(std::ostream &out) const override { out << "kitei holding"; }
    bool makesAsyncXactions() const override { return true; }
    void configure(const libecap::Options &told) override { told.visitEachOption(*this); }
    void reconfigure(const libecap::Options &told) override { configure(told); }
    bool wantsUrl(const char *) const override { return true; }
    void suspend(timeval &timeout) override;
    void resume() override;
    MadeXactionPointer makeXaction(libecap::host::Xaction *host) override;
    void visit(const libecap::Name &name, const Area &value) override;

    std::string spool, socket;
    uint64_t largest = 32 << 20;
    double wait = 60;
    bool passes_unsure = false;
    uint64_t made = 0;
    std::list<Holding *> waiting;
};

class Holding : public libecap::adapter::Xaction {
  public:
    Holding(Service &service, const libecap::shared_ptr<libecap::adapter::Service> &keep, libecap::host::Xaction *host)
        : service_(service), keep_(keep), host_(host) {}
    ~Holding() override { end(); }

    const Area option(const libecap::Name &) const override { return Area(); }
    void visitEachOption(libecap::NamedValueVisitor &) const override {}

    void start() override;
    void stop() override { host_ = nullptr; end(); }
    void resume() override { settle(); }

    void abDiscard() override { forget_virgin(); }
    void abMake() override { giving_ = true; give(); }
    void abMakeMore() override { give(); }
    void abStopMaking() override { giving_ = false; forget_virgin(); }
    Area abContent(size_type offset, size_type size) override;
    void abContentShift(size_type size) override;

    void noteVbContentAvailable() override;
    void noteVbContentDone(bool at_end) override;

    bool is_ready();  // there is an answer, or no more waiting for one
    void wake() { host_->resume(); }

  private:
    enum class State { holding, asking, passing, page, over };

    void ask(bool is_whole);
    void settle();
    void pass();
    void answer(int status, const std::string &html);
    void give();
    void end();
    void forget_virgin();
    std::string question(bool is_whole);

    Service &service_;
    libecap::shared_ptr<libecap::adapter::Service> keep_;
    libecap::host::Xaction *host_;
    State state_ = State::holding;
    std::string path_, heard_, page_;
    int file_ = -1, line_ = -1;
    uint64_t written_ = 0, given_ = 0;  // bytes of the body: in the file, and gone on to the client
    double until_ = 0;
    bool came_ = false;     // the body is there to its end
    bool making_ = false;   // the host makes it
    bool giving_ = false;   // the host takes ours
    bool told_end_ = false;
};

void Service::visit(const libecap::Name &name, const Area &value) {
    const std::string text = value.toString();
    if (name == "spool") spool = text;
    else if (name == "socket") socket = text;
    else if (name == "largest") largest = strtoull(text.c_str(), nullptr, 10);
    else if (name == "wait") wait = strtod(text.c_str(), nullptr);
    else if (name == "unsure") passes_unsure = text == "pass";
}

void Service::suspend(timeval &timeout) {
    if (!waiting.empty() && (timeout.tv_sec > 0 || timeout.tv_usec > kTick)) {
        timeout.tv_sec = 0;
        timeout.tv_usec = kTick;
    }
}

Service::MadeXactionPointer Service::makeXaction(libecap::host::Xaction *host) {
    return MadeXactionPointer(new Holding(*this, self, host));
}

void Holding::start() {
    if (!host_->virgin().body()) {
        state_ = State::over;
        host_->useVirgin();
        return;
    }
    path_ = service_.spool + "/" + std::to_string(getpid()) + "-" + std::to_string(service_.made++);
    file_ = open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file_ < 0) throw libecap::TextException(path_ + ": " + strerror(errno));
    making_ = true;
    host_->vbMake();
}

void Holding::noteVbContentAvailable() {
    if (file_ < 0) return;
    for (Area come = host_->vbContent(0, libecap::nsize); come.size; come = host_->vbContent(0, libecap::nsize)) {
        for (size_t done = 0; done < come.size;) {
            const ssize_t wrote = pwrite(file_, come.start + done, come.size - done, written_);
            if (wrote < 0) throw libecap::TextException(path_ + ": " + strerror(errno));
            done += wrote;
            written_ += wrote;
        }
        host_->vbContentShift(come.size);
    }
    if (state_ == State::holding && written_ > service_.largest) ask(false);
    if (state_ == State::passing && giving_) give();
}

void Holding::noteVbContentDone(bool at_end) {
    forget_virgin();  // the host keeps the transaction until it is told that we want no more
    came_ = true;
    if (!at_end && state_ != State::page) {  // it broke off: what there is was never the file
        end();
        host_->adaptationAborted();
        return;
    }
    if (state_ == State::holding) ask(true);
    if (state_ == State::passing && giving_) give();
}

std::string Holding::question(bool is_whole) {
    std::string uri, type;
    if (const auto *line = dynamic_cast<const libecap::RequestLine *>(&host_->cause().firstLine()))
        uri = line->uri().toString();
    const libecap::Name content_type("Content-Type");
    if (host_->virgin().header().hasAny(content_type)) type = host_->virgin().header().value(content_type).toString();
    return "{\"path\":" + quoted(path_) + ",\"url\":" + quoted(uri) + ",\"type\":" + quoted(type) +
           ",\"source\":" + quoted(host_->option(libecap::metaClientIp).toString()) +
           ",\"user\":" + quoted(host_->option(libecap::metaUserName).toString()) +
           ",\"size\":" + std::to_string(written_) + ",\"whole\":" + (is_whole ? "true" : "false") + "}\n";
}

void Holding::ask(bool is_whole) {
    state_ = State::asking;
    until_ = now() + service_.wait;
    struct sockaddr_un there = {};
    there.sun_family = AF_UNIX;
    snprintf(there.sun_path, sizeof there.sun_path, "%s", service_.socket.c_str());
    line_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const std::string told = question(is_whole);
    const bool is_asked = line_ >= 0 && connect(line_, (struct sockaddr *)&there, sizeof there) == 0 &&
                          send(line_, told.data(), told.size(), MSG_NOSIGNAL) == (ssize_t)told.size();
    if (!is_asked) until_ = 0;  // nobody there: as if no answer had come
    service_.waiting.push_back(this);
    host_->adaptationDelayed(libecap::Delay("inspected", -1));
}

bool Holding::is_ready() {
    char gulp[kGulp];
    for (;;) {
        const ssize_t got = line_ < 0 ? 0 : recv(line_, gulp, sizeof gulp, 0);
        if (got > 0) {
            heard_.append(gulp, got);
            continue;
        }
        return (got < 0 && (errno == EAGAIN || errno == EINTR)) ? now() >= until_ : true;  // it ends what it says by closing
    }
}

void Service::resume() {
    for (auto each = waiting.begin(); each != waiting.end();) {
        Holding *const holding = *each;
        ++each;
        if (holding->is_ready()) {
            waiting.remove(holding);
            holding->wake();
        }
    }
}

void Holding::settle() {
    if (state_ != State::asking) return;
    int status = 0;
    size_t length = 0;
    int head = 0;
    if (heard_ == "pass\n") return pass();
    if (sscanf(heard_.c_str(), "page %d %zu\n%n", &status, &length, &head) == 2 && head > 0 &&
        heard_.size() == head + length && status >= 200 && status <= 599)
        return answer(status, heard_.substr(head));
    if (service_.passes_unsure) return pass();
    answer(403, kUnsure);
}

void Holding::pass() {
    state_ = State::passing;
    host_->useAdapted(host_->virgin().clone());
}

void Holding::answer(int status, const std::string &html) {
    forget_virgin();
    state_ = State::page;
    page_ = html;
    libecap::shared_ptr<libecap::Message> page = libecap::MyHost().newResponse();
    auto &line = dynamic_cast<libecap::StatusLine &>(page->firstLine());
    line.statusCode(status);
    line.reasonPhrase(Area::FromTempString(status == 403 ? "Forbidden" : "Held"));
    const std::string length = std::to_string(page_.size());
    page->header().add(libecap::Name("Content-Type"), Area::FromTempString("text/html; charset=utf-8"));
    page->header().add(libecap::Name("Cache-Control"), Area::FromTempString("no-store"));
    page->header().add(libecap::headerContentLength, Area::FromTempString(length));
    page->addBody();
    host_->useAdapted(page);
}

void Holding::give() {
    if (told_end_ || !giving_) return;
    const uint64_t all = state_ == State::page ? page_.size() : written_;
    if (given_ < all) return host_->noteAbContentAvailable();
    if (state_ == State::page || came_) {
        told_end_ = true;
        host_->noteAbContentDone(true);
    }
}

Area Holding::abContent(size_type offset, size_type size) {
    if (size > kGulp) size = kGulp;
    if (state_ == State::page)
        return given_ + offset >= page_.size() ? Area() : Area::FromTempString(page_.substr(given_ + offset, size));
    if (file_ < 0 || given_ + offset >= written_) return Area();
    char gulp[kGulp];
    const ssize_t got = pread(file_, gulp, size, given_ + offset);
    if (got < 0) throw libecap::TextException(path_ + ": " + strerror(errno));
    return Area::FromTempBuffer(gulp, got);
}

void Holding::abContentShift(size_type size) {
    if (state_ == State::passing)  // what the client has takes no room any more, however much is still to come
        fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, given_, size);
    given_ += size;
    const uint64_t all = state_ == State::page ? page_.size() : written_;
    if (given_ >= all) give();
}

void Holding::forget_virgin() {
    if (making_ && host_) {
        making_ = false;
        host_->vbStopMaking();
    }
}

void Holding::end() {
    service_.waiting.remove(this);
    if (line_ >= 0) close(line_);
    if (file_ >= 0) close(file_);
    if (!path_.empty()) unlink(path_.c_str());
    line_ = file_ = -1;
    path_.clear();
    state_ = State::over;
}

const bool registered = libecap::RegisterVersionedService(new Service);

}  // namespace
