"""Fills an empty Tryton database with the least an order needs; prints the ids as JSON.

usage: seed-tryton.py CONFIGURATION DATABASE
"""
import json
import sys
from decimal import Decimal

from proteus import Model, config
from trytond.modules.account.tests.tools import (
    create_chart, create_fiscalyear, create_tax, get_accounts)
from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences
from trytond.modules.company.tests.tools import create_company, get_company

# As many units as the comparison counts on.
STOCK = 5

current = config.set_trytond(
    database=f'sqlite:///{sys.argv[2]}', config_file=sys.argv[1])
create_company()
company = get_company()
current._context = Model.get('res.user').get_preferences(True, {})
fiscalyear = set_fiscalyear_invoice_sequences(create_fiscalyear(company))
fiscalyear.click('create_period')
create_chart(company)
accounts = get_accounts(company)

tax = create_tax(Decimal('.0725'))
tax.save()

Category = Model.get('product.category')
category = Category(name='Goods', accounting=True)
category.account_expense = accounts['expense']
category.account_revenue = accounts['revenue']
category.customer_taxes.append(tax)
category.save()

Unit = Model.get('product.uom')
unit, = Unit.find([('name', '=', 'Unit')])
Template = Model.get('product.template')
template = Template(
    name='Organic Tee', default_uom=unit, type='goods', salable=True,
    list_price=Decimal('22.49'), account_category=category)
template.save()
product, = template.products
# The code is put together from that of the template and this.
product.suffix_code = 'TEE-BLK-M'
product.save()

Country = Model.get('country.country')
Country(name='United States', code='US').save()

Journal = Model.get('account.payment.journal')
Journal(name='Shop', process_method='manual').save()

Party = Model.get('party.party')
party = Party(name='Ana Ruiz')
party.save()

Location = Model.get('stock.location')
storage, = Location.find([('code', '=', 'STO')])
lost, = Location.find([('type', '=', 'lost_found')], limit=1)
Move = Model.get('stock.move')
move = Move(
    product=product, quantity=STOCK, unit=unit, from_location=lost,
    to_location=storage, company=company, unit_price=None)
move.save()
move.click('do')

print(json.dumps({
    'party': party.id, 'address': party.addresses[0].id, 'product': product.id,
    'unit': unit.id, 'tax': tax.id}))
