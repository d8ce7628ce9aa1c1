// Server: a process is one object of a class derived from this. Handlers run to completion, one at
// a time, in virtual or real time; what takes time is made of timers, and an answer may come later.
//
//   spawn -> init -> ok ............ requests, casts, infos ............ stop(reason) -> terminate
//              |---> later -- timers, exits, answers --> finish_init(ok / ignore / stop)
//              |---> ignore        (no process, and no failure)
//              `---> stop(reason)  (no process)
//
// A handler that throws ends its process with error(what), and nothing else. terminate runs when a
// handler stopped the process or threw, and when its parent asked one that traps exits to end; not
// when an exit signal ended it. docs/processes.md shows how to write one.
//
// Source: OTP's gen_server. Deviations: handlers act through the Context instead of returning
// tuples; init may be continued later without blocking the parent.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "base/rng.hpp"
#include "process/names.hpp"
#include "process/types.hpp"

namespace horde::process {

class Runtime;
struct Process;

/// How a start went.
struct Init {
  enum class Kind : std::uint8_t { ok, ignore, stop, later };
  Kind kind = Kind::ok;
  base::Bytes info;   ///< ok: told to the parent.
  ExitReason reason;  ///< stop

  [[nodiscard]] static Init ok(base::Bytes info = {}) { return {Kind::ok, std::move(info), {}}; }
  [[nodiscard]] static Init ignore() { return {Kind::ignore, {}, {}}; }
  [[nodiscard]] static Init stop(ExitReason reason) { return {Kind::stop, {}, std::move(reason)}; }
  /// finish_init() says it later. Requests, casts and messages wait until then.
  [[nodiscard]] static Init later() { return {Kind::later, {}, {}}; }
};

/// What becomes of exit signals (kill is never trapped).
enum class Trap : std::uint8_t {
  none,        ///< They end the process, except for normal ones of others.
  others,      ///< They arrive as Exit; the parent's runs terminate and ends the process.
  everything,  ///< The parent's arrive as Exit, too: the process ends when it wants to.
};

struct SpawnOptions {
  base::Bytes type;   ///< Of ProcessTypes.
  Args args;          ///< For init.
  base::Bytes token;  ///< Opaque; what the process shows to resources that fence old copies off.
  bool link = false;
  bool report_start = false;  ///< Tell the spawner how init went (Started).
  base::Bytes name;           ///< Of this node; taken before init. Empty: none.
  std::optional<Via> via{};   ///< Registered before init.
};

/// One registry, as one process uses it. Of a registry that this node does not have, reads find
/// nothing, and everything else is refused as unknown_registry. Valid as its Context.
class NamesOf {
 public:
  NameResult register_name(const Registration& what);
  NameResult unregister_name(base::BytesView key);
  std::size_t unregister_match(base::BytesView key, const NamePredicate& which);
  std::expected<UpdatedValue, NameRefusal> update_value(
      base::BytesView key, const std::function<base::Bytes(base::BytesView)>& change);
  NameResult put_meta(base::BytesView key, base::Bytes value);
  NameResult delete_meta(base::BytesView key);
  /// The reads: lookup, entries, keys, count, visit, meta; and what names.hpp makes of them.
  const Names& operator*() const { return *names_; }
  const Names* operator->() const { return names_; }

 private:
  friend class Context;
  NamesOf(Names& names, base::Now now, const Pid& self) : names_(&names), now_(now), self_(self) {}
  Names* names_;
  base::Now now_;
  Pid self_;
};

/// What a handler can do, and knows. Valid during the handler's call only.
class Context {
 public:
  [[nodiscard]] Pid self() const;
  /// Who spawned us.
  [[nodiscard]] Pid parent() const;
  [[nodiscard]] const base::Bytes& token() const;
  [[nodiscard]] base::Now now() const;
  /// This process's own.
  [[nodiscard]] base::Rng& rng();

  /// The new process runs init in its own turn, after this handler. unknown_type, over_limit (too
  /// many processes, too large arguments), already_registered, name_refused (of `via`).
  std::expected<Pid, Refusal> spawn(SpawnOptions options);

  /// Sent once, in order; to a dead or lost process it goes nowhere. over_limit: the message is
  /// too large, or the mailbox is full. A mailbox on another node that is full drops and counts.
  std::expected<void, Refusal> send(const Pid& to, base::BytesView message);
  std::expected<void, Refusal> cast(const Pid& to, base::BytesView message);
  /// Ends as exactly one CallEnded, at the latest after `timeout`.
  CallRef call(const Pid& to, base::BytesView request, base::Duration timeout);
  /// Answers a request, now or later; only the first answer counts. Longer than
  /// wire::kPayloadBytesMax: the call ends as unknown, with error(over_limit).
  void reply(const Caller& caller, base::BytesView answer);

  /// Exactly one Down will come, at once with noproc if there is no such process.
  MonitorRef monitor(const Pid& target);
  /// No Down of it comes any more, also if it has happened.
  void demonitor(MonitorRef monitor);
  /// No process there: an exit signal noproc. Linked already: nothing.
  void link(const Pid& other);
  void unlink(const Pid& other);
  /// Sends an exit signal. One that ends ourselves does so after this handler.
  void exit(const Pid& to, const ExitReason& reason);
  void trap_exit(Trap trap);

  /// Arrives as Timeout. over_limit: too many timers.
  std::expected<TimerRef, Refusal> send_after(base::Duration after, base::BytesView message);
  /// No Timeout of it comes any more, also if it has fired. Whether it was still to come.
  bool cancel(TimerRef timer);

  /// Ends this process after this handler: terminate, then the exit with this reason. The first
  /// stop() or deadly exit signal of a handler counts.
  void stop(ExitReason reason);
  /// After Init::later, once, from a later handler.
  void finish_init(Init init);

  /// Names of this node: one process each. A dead process has none.
  std::expected<void, Refusal> register_name(base::BytesView name);
  void unregister_name(base::BytesView name);  ///< If it is ours.
  [[nodiscard]] std::optional<Pid> whereis(base::BytesView name) const;
  /// A registry of this node.
  [[nodiscard]] NamesOf names(base::BytesView registry);
  [[nodiscard]] std::optional<Pid> whereis(const Via& via) const;
  /// To whoever has the name now; noproc if nobody has.
  std::expected<void, Refusal> send(const Via& to, base::BytesView message);
  std::expected<void, Refusal> cast(const Via& to, base::BytesView message);
  /// Nobody has the name: ends as error, with noproc.
  CallRef call(const Via& to, base::BytesView request, base::Duration timeout);
  /// Of processes of this run only; others are not known to live.
  [[nodiscard]] bool is_alive(const Pid& pid) const;

 private:
  friend class Runtime;
  Context(Runtime& runtime, Process& process) : runtime_(&runtime), process_(&process) {}

  Runtime* runtime_;
  Process* process_;
};

class Server {
 public:
  virtual ~Server() = default;
  virtual Init init(Context& context, const Args& args) = 0;
  /// Answers with context.reply, now or later. Not overridden: a request ends the process.
  virtual void handle_call(Context& context, const Request& request);
  /// Not overridden: a cast ends the process.
  virtual void handle_cast(Context& context, const Cast& cast);
  virtual void handle_info(Context& /*context*/, const Info& /*info*/) {}
  virtual void terminate(Context& /*context*/, const ExitReason& /*reason*/) {}
};

/// The process types that a node can start, by name: what makes a child spec mean the same on every
/// node. A value; filled before the runtime is made.
class ProcessTypes {
 public:
  using Factory = std::function<std::unique_ptr<Server>()>;
  /// Requires: the name is new, not empty, and at most wire::kProcessNameBytesMax.
  void add(base::BytesView name, Factory factory);
  template <class S>
  void add(base::BytesView name) {
    add(name, [] { return std::make_unique<S>(); });
  }
  /// Replaces each factory by what `change` makes of it.
  void wrap(const std::function<Factory(const Factory&)>& change);
  /// nullptr if unknown; valid as long as this is.
  [[nodiscard]] const Factory* find(base::BytesView name) const;

 private:
  std::map<base::Bytes, Factory, std::less<>> factories_;
};

}  // namespace horde::process
