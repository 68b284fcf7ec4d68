package outbox

// Webhook is the kind of calls to an address that an integrator has given; the payload is the body.
const Webhook Kind = "webhook"
