"""WeChat Pay Score's API, version 3, as the package `wechatpayv3` calls it in public-key mode: under `/v3`."""
