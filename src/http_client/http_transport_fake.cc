#include "http_client/http_transport_fake.h"

namespace sluice::http_client {

namespace {

// Why it cannot be read; empty: it can.
std::string read_body_source(HttpRequest& request) {
  if (request.body_source == nullptr) return {};
  request.body.resize(request.body_source->size());
  const auto read = request.body_source->read(0, request.body.data(), request.body.size());
  return read ? std::string() : read.error().message;
}

}  // namespace

HttpTransportFake::~HttpTransportFake() {
  answer_by([](const HttpRequest&) {
    HttpResponse stopped;
    stopped.fault = TransportFault::other;
    stopped.fault_text = "stopped";
    return stopped;
  });
  script_.clear();
  deliver_all();
}

void HttpTransportFake::answer(HttpResponse response) {
  const std::lock_guard lock(mutex_);
  script_.push_back(std::move(response));
}

void HttpTransportFake::answer(int status, std::string body, std::vector<std::pair<std::string, std::string>> headers) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  response.headers = std::move(headers);
  answer(std::move(response));
}

void HttpTransportFake::answer(TransportFault fault, std::string text) {
  HttpResponse response;
  response.fault = fault;
  response.fault_text = std::move(text);
  answer(std::move(response));
}

void HttpTransportFake::answer_by(std::function<HttpResponse(const HttpRequest&)> answerer) {
  const std::lock_guard lock(mutex_);
  answerer_ = std::move(answerer);
}

void HttpTransportFake::send(HttpRequest request, std::function<void(HttpResponse)> done) {
  Waiting waiting{std::move(request), std::move(done), {}};
  {
    const std::lock_guard lock(mutex_);
    waiting.body_failure = read_body_source(waiting.request);
    requests_.push_back(waiting.request);
    if (when_ == When::on_demand) {
      waiting_.push_back(std::move(waiting));
      return;
    }
  }
  finish(std::move(waiting));
}

HttpResponse HttpTransportFake::answer_to(const HttpRequest& request) {
  std::function<HttpResponse(const HttpRequest&)> answerer;
  {
    const std::lock_guard lock(mutex_);
    if (!script_.empty()) {
      HttpResponse response = std::move(script_.front());
      script_.pop_front();
      return response;
    }
    answerer = answerer_;
  }
  if (answerer) return answerer(request);
  HttpResponse none;
  none.fault = TransportFault::other;
  none.fault_text = "no answer scripted for " + request.method + " " + request.url;
  return none;
}

// The lock is not held while `done` runs: it may send again.
void HttpTransportFake::finish(Waiting waiting) {
  HttpResponse response;
  if (waiting.body_failure.empty()) {
    response = answer_to(waiting.request);
  } else {
    response.fault = TransportFault::body;
    response.fault_text = waiting.body_failure;
  }
  response.request_body = std::move(waiting.request.body);
  waiting.done(std::move(response));
}

bool HttpTransportFake::deliver_next(std::size_t index) {
  Waiting waiting;
  {
    const std::lock_guard lock(mutex_);
    if (index >= waiting_.size()) return false;
    waiting = std::move(waiting_[index]);
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(index));
  }
  finish(std::move(waiting));
  return true;
}

std::size_t HttpTransportFake::deliver_all() {
  std::size_t delivered = 0;
  while (deliver_next()) ++delivered;
  return delivered;
}

std::size_t HttpTransportFake::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

std::vector<HttpRequest> HttpTransportFake::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t HttpTransportFake::request_count() const {
  const std::lock_guard lock(mutex_);
  return requests_.size();
}

}  // namespace sluice::http_client
