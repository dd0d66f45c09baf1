/** Imported before onnxruntime, which reads this when it loads and would report every session to Microsoft. */

process.env.ORT_DISABLE_TELEMETRY = "1";
