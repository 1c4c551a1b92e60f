// Kinesis as a value, for the sink's tests: it answers a request from its script and remembers every record. Not a
// server: testing/kinesim is one.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "destinations/kinesis/shard_map.h"
#include "http_client/http_transport.h"

namespace sluice::kinesis {

http_client::HttpResponse aws_error(int status, std::string_view code, std::string_view message = "scripted");

class ScriptedKinesis {
 public:
  struct Record {
    std::string data;
    std::string partition_key;
    std::string explicit_hash_key;  // empty: none
  };
  struct Failure {
    std::string code;
    std::string message;
  };

  // Of a stream with `shards` equal shards.
  explicit ScriptedKinesis(std::uint32_t shards = 4);

  http_client::HttpResponse answer(const http_client::HttpRequest& request);

  // What the next PutRecords calls are answered with, before anything else is looked at; nothing is stored.
  std::deque<http_client::HttpResponse> next_puts;
  // Whether a call is refused as a whole.
  std::function<std::optional<http_client::HttpResponse>(const std::vector<Record>&)> refuse_call;
  // Whether a record fails.
  std::function<std::optional<Failure>(const Record&)> fail_record;
  // Last: what becomes of an answer whose records are already stored.
  std::function<void(http_client::HttpResponse&)> spoil;
  bool understands_cbor = true;
  bool may_describe = true;
  std::string status = "ACTIVE";
  std::uint64_t max_record_bytes = 1'048'576;

  // Every PutRecords call that came, and every record taken.
  const std::vector<std::vector<Record>>& calls() const { return calls_; }
  int cbor_calls() const { return cbor_calls_; }
  const std::vector<Record>& stored() const { return stored_; }
  // How often each data was stored.
  std::map<std::string, int> copies() const;
  std::uint32_t described() const { return described_; }
  void set_shards(std::uint32_t shards);
  const Shard& shard_of(const Record& record) const;

 private:
  http_client::HttpResponse put_records(const std::string& body);
  static std::vector<Record> records_of_json(const std::string& body);
  std::vector<Record> records_of_cbor(const std::string& body);
  http_client::HttpResponse list_shards(const std::string& body) const;
  http_client::HttpResponse describe() const;

  std::vector<Shard> shards_;
  std::size_t next_shard_ = 0;
  std::vector<std::vector<Record>> calls_;
  int cbor_calls_ = 0;
  std::vector<Record> stored_;
  std::uint32_t described_ = 0;
  std::uint64_t sequence_ = 0;
};

}  // namespace sluice::kinesis
