"""Strong customer authentication: a consumer proves that it is they who agree to a plan, its amount and its payee."""
