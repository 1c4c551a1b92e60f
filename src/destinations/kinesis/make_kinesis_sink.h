// Builds a destination's sink with all that belongs to it: endpoint, assumed role, credentials.
#pragma once

#include <memory>
#include <string>

#include "base/notifier.h"
#include "catalog/snapshot.h"
#include "destinations/aws_access.h"
#include "destinations/kinesis/settings.h"
#include "export/sink.h"

namespace sluice::kinesis {

// Why nothing is sent to what these settings name; empty: it may be.
std::string forbidden_endpoint(const KinesisSettings& settings, const destinations::AwsParts& parts);

// Never null: settings that cannot work give a sink that keeps all it is given and says what is wrong.
std::unique_ptr<exporting::Sink> make_kinesis_sink(const catalog::Destination& destination,
                                                   const destinations::AwsParts& parts, Notifier& notifier,
                                                   exporting::DeadLetterStore& dead_letters);

}  // namespace sluice::kinesis
