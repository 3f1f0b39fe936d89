"""网页: what people see and press. Server-rendered; nothing here decides anything that a decision should decide."""
