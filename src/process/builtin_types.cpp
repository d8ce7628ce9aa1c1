#include "process/builtin_types.hpp"

#include <algorithm>
#include <charconv>

#include "wire/limits.hpp"

namespace horde::process {
namespace {

constexpr std::uint64_t kMillisecondsMax = wire::kTimeoutMax / 1'000'000;

using Keys = std::vector<base::BytesView>;

/// The arguments of a process as options.
class Options {
 public:
  /// An error names the argument that is wrong.
  [[nodiscard]] static std::expected<Options, std::string> parse(const Args& args,
                                                                 const Keys& known) {
    Options out;
    for (const base::Bytes& arg : args) {
      const auto equals = arg.find('=');
      const base::Bytes key = arg.substr(0, equals);
      if (equals == base::Bytes::npos ||
          std::find(known.begin(), known.end(), key) == known.end()) {
        return std::unexpected("unknown argument " + base::printable(arg));
      }
      out.values_[key] = arg.substr(equals + 1);
    }
    return out;
  }

  [[nodiscard]] bool has(base::BytesView key) const { return values_.contains(key); }

  [[nodiscard]] base::Bytes text(base::BytesView key, base::BytesView otherwise = {}) const {
    const auto it = values_.find(key);
    return base::Bytes(it == values_.end() ? otherwise : base::BytesView(it->second));
  }

  [[nodiscard]] std::uint64_t number(base::BytesView key, std::uint64_t otherwise) const {
    const auto it = values_.find(key);
    return it == values_.end() ? otherwise : parse_number(it->second).value_or(otherwise);
  }

  [[nodiscard]] base::Duration milliseconds(base::BytesView key, std::uint64_t otherwise) const {
    const std::uint64_t count = std::min(number(key, otherwise), kMillisecondsMax);
    return base::milliseconds(static_cast<std::int64_t>(count));
  }

  /// The key whose value is no number, if any of `keys`.
  [[nodiscard]] std::optional<std::string> bad_number(const Keys& keys) const {
    for (const base::BytesView key : keys) {
      const auto it = values_.find(key);
      if (it != values_.end() && !parse_number(it->second)) {
        return base::Bytes(key) + " wants a whole number, not " + base::printable(it->second);
      }
    }
    return {};
  }

 private:
  [[nodiscard]] static std::optional<std::uint64_t> parse_number(base::BytesView text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole ? std::optional(value) : std::nullopt;
  }

  std::map<base::Bytes, base::Bytes, std::less<>> values_;
};

/// `then`, if there is room for the timer that it needs.
Init with_timer(Context& context, base::Duration after, const Init& then) {
  return context.send_after(after, {}) ? then : Init::stop(ExitReason::error("over_limit"));
}

/// What all of them have in common.
class Builtin : public Server {
 public:
  Init init(Context& context, const Args& args) final {
    auto options = Options::parse(args, known_keys());
    if (!options) {
      return Init::stop(ExitReason::error(options.error()));
    }
    if (const auto bad = options->bad_number(number_keys())) {
      return Init::stop(ExitReason::error(*bad));
    }
    return begin(context, *options);
  }

  void handle_call(Context& context, const Request& request) final {
    if (request.bytes == "token") {
      context.reply(request.from, context.token());
    } else if (request.bytes == "stop") {
      context.reply(request.from, "stopping");
      context.stop(ExitReason::normal());
    } else {
      answer(context, request);
    }
  }

  void handle_cast(Context& /*context*/, const Cast& /*cast*/) override {}

 protected:
  [[nodiscard]] virtual Keys known_keys() const = 0;
  [[nodiscard]] virtual Keys number_keys() const { return {}; }
  virtual Init begin(Context& context, const Options& options) = 0;
  virtual void answer(Context& context, const Request& request) {
    context.reply(request.from, "unknown request");
  }
};

class Echo : public Builtin {
 protected:
  Keys known_keys() const override { return {}; }
  Init begin(Context& /*context*/, const Options& /*options*/) override { return Init::ok(); }
  void answer(Context& context, const Request& request) final {
    context.reply(request.from, request.bytes);
  }
};

class Counter final : public Builtin {
 public:
  void handle_cast(Context& /*context*/, const Cast& cast) override {
    count_ += cast.bytes == "add" ? 1 : 0;
  }

 protected:
  Keys known_keys() const override { return {"from"}; }
  Keys number_keys() const override { return known_keys(); }
  Init begin(Context& /*context*/, const Options& options) override {
    count_ = options.number("from", 0);
    return Init::ok();
  }
  void answer(Context& context, const Request& request) override {
    if (request.bytes != "get" && request.bytes != "add") {
      Builtin::answer(context, request);
      return;
    }
    count_ += request.bytes == "add" ? 1 : 0;
    context.reply(request.from, std::to_string(count_));
  }

 private:
  std::uint64_t count_ = 0;
};

class Sleeper final : public Builtin {
 public:
  void handle_info(Context& context, const Info& info) override {
    if (std::holds_alternative<Timeout>(info)) {
      context.stop(ExitReason::normal());
    }
  }

 protected:
  Keys known_keys() const override { return {"for_ms"}; }
  Keys number_keys() const override { return known_keys(); }
  Init begin(Context& context, const Options& options) override {
    if (!options.has("for_ms")) {
      return Init::ok();
    }
    return with_timer(context, options.milliseconds("for_ms", 0), Init::ok());
  }
};

class Crasher final : public Builtin {
 public:
  void handle_cast(Context& context, const Cast& cast) override { crash(context, cast.bytes); }
  void handle_info(Context& context, const Info& info) override {
    if (std::holds_alternative<Timeout>(info)) {
      context.stop(reason_);
    }
  }

 protected:
  Keys known_keys() const override { return {"after_ms", "reason"}; }
  Keys number_keys() const override { return {"after_ms"}; }
  Init begin(Context& context, const Options& options) override {
    reason_ = reason_of(options.text("reason", "error(crash)"));
    if (!options.has("after_ms")) {
      return Init::ok();
    }
    return with_timer(context, options.milliseconds("after_ms", 0), Init::ok());
  }
  void answer(Context& context, const Request& request) override {
    if (!crash(context, request.bytes)) {
      Builtin::answer(context, request);
    }
  }

 private:
  bool crash(Context& context, base::BytesView command) {
    constexpr base::BytesView prefix = "crash ";
    if (command.starts_with(prefix)) {
      context.stop(reason_of(command.substr(prefix.size())));
    } else if (command == "crash") {
      context.stop(reason_);
    } else {
      return false;
    }
    return true;
  }

  ExitReason reason_;
};

class Named final : public Builtin {
 public:
  void handle_info(Context& context, const Info& info) override {
    if (std::holds_alternative<Timeout>(info)) {
      context.finish_init(take(context));
    }
  }

 protected:
  Keys known_keys() const override { return {"name", "value", "priority", "registry", "retry_ms"}; }
  Keys number_keys() const override { return {"priority", "retry_ms"}; }
  Init begin(Context& context, const Options& options) override {
    registry_ = options.text("registry", "registry");
    what_ = {.key = options.text("name"),
             .value = options.text("value"),
             .priority = static_cast<std::int64_t>(options.number("priority", 0))};
    retry_ = options.milliseconds("retry_ms", 100);
    if (what_.key.empty()) {
      return Init::stop(ExitReason::error("name is missing"));
    }
    return take(context);
  }
  void answer(Context& context, const Request& request) override {
    context.reply(request.from, request.bytes == "name" ? base::BytesView(what_.key)
                                                        : base::BytesView("unknown request"));
  }

 private:
  Init take(Context& context) {
    NameResult result = context.names(registry_).register_name(what_);
    if (!result && result.error().why == NameErrc::unknown_registry) {
      return context.register_name(what_.key) ? Init::ok() : Init::ignore();
    }
    if (result) {
      return Init::ok();
    }
    switch (result.error().why) {
      case NameErrc::already_registered:
        return Init::ignore();
      case NameErrc::wait:
        return with_timer(context, retry_, Init::later());
      default:
        return Init::stop(ExitReason::error(to_string(result.error().why)));
    }
  }

  base::Bytes registry_;
  Registration what_;
  base::Duration retry_;
};

class Stubborn final : public Builtin {
 protected:
  Keys known_keys() const override { return {}; }
  Init begin(Context& context, const Options& /*options*/) override {
    context.trap_exit(Trap::everything);
    return Init::ok();
  }
};

class SlowInit final : public Echo {
 public:
  void handle_info(Context& context, const Info& info) override {
    if (std::holds_alternative<Timeout>(info)) {
      context.finish_init(Init::ok());
    }
  }

 protected:
  Keys known_keys() const override { return {"init_ms"}; }
  Keys number_keys() const override { return known_keys(); }
  Init begin(Context& context, const Options& options) override {
    return with_timer(context, options.milliseconds("init_ms", 1000), Init::later());
  }
};

/// Starts so far, by key: what outlives the processes that fail.
using StartCounts = std::map<base::Bytes, std::uint64_t>;

class FlakyInit final : public Echo {
 public:
  explicit FlakyInit(std::shared_ptr<StartCounts> counts) : counts_(std::move(counts)) {}

 protected:
  Keys known_keys() const override { return {"failures", "key"}; }
  Keys number_keys() const override { return {"failures"}; }
  Init begin(Context& /*context*/, const Options& options) override {
    const std::uint64_t start = ++(*counts_)[options.text("key")];
    if (start <= options.number("failures", 1)) {
      return Init::stop(ExitReason::error("flaky start " + std::to_string(start)));
    }
    return Init::ok();
  }

 private:
  std::shared_ptr<StartCounts> counts_;
};

}  // namespace

void add_builtin_types(ProcessTypes& types) {
  types.add<Echo>("echo");
  types.add<Counter>("counter");
  types.add<Sleeper>("sleeper");
  types.add<Crasher>("crasher");
  types.add<Named>("named");
  types.add<Stubborn>("stubborn");
  types.add<SlowInit>("slow_init");
  types.add("flaky_init", [counts = std::make_shared<StartCounts>()] {
    return std::make_unique<FlakyInit>(counts);
  });
}

}  // namespace horde::process
